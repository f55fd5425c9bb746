import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';

const PIECE_BYTES = 1024 * 1024;

/** SHA-256 of a file's bytes in lower-case hex, read in pieces. */
export async function hashFile(path: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  await feedFile(hash, path, { signal });
  return hash.digest('hex');
}

interface FeedOptions {
  readonly signal?: AbortSignal | undefined;
  /** Hears the size of every piece. */
  readonly onBytes?: (count: number) => void;
}

export async function feedFile(
  hash: Hash,
  path: string,
  { signal, onBytes }: FeedOptions = {},
): Promise<void> {
  const stream = createReadStream(path, { highWaterMark: PIECE_BYTES, signal });
  for await (const piece of stream as AsyncIterable<Buffer>) {
    hash.update(piece);
    onBytes?.(piece.length);
  }
}
