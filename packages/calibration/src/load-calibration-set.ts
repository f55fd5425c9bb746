import { LayersenseError } from '@layersense/contracts';
import {
  type CalibrationExample,
  type ExampleOptions,
  toExample,
  tooShort,
} from './calibration-example.js';
import type { DatasetFormat } from './datasets/named-datasets.js';
import {
  type DatasetSource,
  type ReadOptions,
  type RowSupport,
  readExamples,
} from './datasets/read-examples.js';
import { fingerprint } from './fingerprint.js';
import type { RawExample } from './raw-example.js';
import { sampleIndices } from './sample-indices.js';

export interface CalibrationOptions extends ExampleOptions {
  /** How many to take; all where the dataset has fewer. */
  readonly examples: number;
  readonly seed: number;
  /** Of a named set; its first one by default. */
  readonly format?: DatasetFormat | undefined;
  readonly support?: RowSupport | undefined;
}

export interface CalibrationSet {
  /** In the order drawn. */
  readonly examples: readonly CalibrationExample[];
  /** Σ of the examples' lengths, after truncation. */
  readonly tokens: number;
  /** How many examples were cut off at `maxLength`. */
  readonly truncated: number;
  /** How many examples the dataset has. */
  readonly available: number;
  /**
   * For every row that was drawn and left out, because nothing of it can be predicted, the number of
   * examples before it; others were drawn in its place.
   */
  readonly skippedAt: readonly number[];
  /** Keys of the rows that nothing is read from, in the order found; the first 50. */
  readonly unreadKeys: readonly string[];
  /** See {@link fingerprint}. */
  readonly fingerprint: string;
  /** Which examples the model computes alike, and may be in one batch: all where absent. */
  readonly lengthGroup?: ((length: number) => string) | undefined;
}

/**
 * Draws, tokenises and truncates calibration examples. The files are streamed twice, to count and to
 * collect (again only where examples had to be replaced), so memory holds the drawn examples alone.
 *
 * @throws LayersenseError `dataset_empty` where no example is long enough, `tokenizer_missing` for
 *   text without a tokenizer, and all that {@link readExamples} and the tokenizer throw
 */
export async function loadCalibrationSet(
  source: DatasetSource,
  options: CalibrationOptions,
): Promise<CalibrationSet> {
  const { format, targets, support } = options;
  const unread = new Set<string>();
  const reading: ReadOptions = { format, targets, support, unread };
  const available = await countExamples(source, reading);
  const examples: CalibrationExample[] = [];
  const skippedAt: number[] = [];
  let drawn = 0;
  while (examples.length < options.examples && drawn < available) {
    const reach = Math.max(2 * drawn, options.examples);
    const indices = sampleIndices(available, reach, options.seed).slice(drawn);
    drawn += indices.length;
    let rest = await collectExamples(source, reading, indices);
    while (rest.length > 0 && examples.length < options.examples) {
      // No more than are missing: they are tokenised together.
      const tried = rest.slice(0, options.examples - examples.length);
      rest = rest.slice(tried.length);
      const made = await Promise.all(tried.map(([index, raw]) => toExample(index, raw, options)));
      for (const example of made) {
        if (example) examples.push(example);
        else skippedAt.push(examples.length);
      }
    }
  }
  if (examples.length === 0) throw emptyDataset(source, available, options);
  return { available, skippedAt, unreadKeys: [...unread], ...describeExamples(examples) };
}

/** The set of the examples from `start` to before `end` in the order drawn, with what was left out there. */
export function sliceExamples(set: CalibrationSet, start: number, end?: number): CalibrationSet {
  const { length } = set.examples;
  // What was left out behind the last example belongs to it.
  const limit = end === undefined || end >= length ? length + 1 : end;
  const skippedAt = set.skippedAt.filter((at) => at >= start && at < limit).map((at) => at - start);
  return { ...set, skippedAt, ...describeExamples(set.examples.slice(start, end)) };
}

function describeExamples(examples: readonly CalibrationExample[]) {
  return {
    examples,
    tokens: examples.reduce((sum, { inputIds }) => sum + inputIds.length, 0),
    truncated: examples.filter(({ truncated }) => truncated).length,
    fingerprint: fingerprint(examples),
  };
}

async function countExamples(source: DatasetSource, options: ReadOptions): Promise<number> {
  let count = 0;
  for await (const _ of readExamples(source, options)) count += 1;
  return count;
}

/** The examples at `indices`, in that order. */
async function collectExamples(
  source: DatasetSource,
  options: ReadOptions,
  indices: readonly number[],
): Promise<(readonly [number, RawExample])[]> {
  const wanted = new Set(indices);
  const found = new Map<number, RawExample>();
  let index = 0;
  for await (const example of readExamples(source, options)) {
    if (wanted.has(index)) found.set(index, example);
    if (found.size === wanted.size) break;
    index += 1;
  }
  return indices.map((wantedIndex) => [wantedIndex, found.get(wantedIndex) ?? changed(source)]);
}

function emptyDataset(
  source: DatasetSource,
  available: number,
  { targets }: ReadOptions,
): LayersenseError {
  const files = source.files.join(', ');
  const message =
    available === 0
      ? `No example was found in ${files}.`
      : `None of the ${available} examples in ${files} ${tooShort[targets?.kind ?? 'next-tokens']}.`;
  return new LayersenseError('dataset_empty', message, { files: [...source.files], available });
}

function changed(source: DatasetSource): never {
  throw new LayersenseError(
    'dataset_malformed',
    `The dataset became shorter while it was read: ${source.files.join(', ')}. Start the job again.`,
    { files: [...source.files] },
  );
}
