import { type VocabularyChunk, vocabularyChunks } from './vocabulary-head.js';

export interface ChunkOptions {
  /** Elements of logits that are computed at a time. */
  readonly chunkElements?: number | undefined;
}

/**
 * Elements of a chunk: half a megabyte of float32. So small, it stays in a processor's cache from one
 * operator to the next, and its memory in the process: of 2²² elements every operator takes ten times
 * as long for each.
 */
const CHUNK_ELEMENTS = 2 ** 17;
/** Opening a session takes time that grows with its nodes: beyond so many, chunks are larger. */
const MOST_CHUNKS = 160;

export function chunksFor(
  rows: number,
  vocabulary: number,
  { chunkElements = CHUNK_ELEMENTS }: ChunkOptions,
): readonly VocabularyChunk[] {
  const least = Math.ceil(vocabulary / MOST_CHUNKS);
  const size = Math.max(least, Math.floor(chunkElements / Math.max(1, rows)));
  return vocabularyChunks(vocabulary, Math.min(vocabulary, Math.max(1, size)));
}
