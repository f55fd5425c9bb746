import { LayersenseError } from '@layersense/contracts';
import type { DatasetFormat } from './datasets/named-datasets.js';
import { type DatasetSource, readExamples } from './datasets/read-examples.js';
import { fingerprint } from './fingerprint.js';
import type { RawExample } from './raw-example.js';
import { sampleIndices } from './sample-indices.js';
import type { Tokenizer } from './tokenizer/load-tokenizer.js';

export interface CalibrationOptions {
  /** Needed unless the dataset holds token ids. */
  readonly tokenizer?: Tokenizer | undefined;
  /** How many to take; all where the dataset has fewer. */
  readonly examples: number;
  /** Tokens after which an example is cut off. */
  readonly maxLength: number;
  readonly seed: number;
  /** Of a named set; its first one by default. */
  readonly format?: DatasetFormat | undefined;
  /** For plain text, by default true. A chat template writes its special tokens itself. */
  readonly addSpecialTokens?: boolean | undefined;
}

export interface CalibrationExample {
  /** Its place among the dataset's examples, from 0. */
  readonly index: number;
  readonly inputIds: Int32Array;
  /** Whether it was cut off at `maxLength`. */
  readonly truncated: boolean;
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
  /** Drawn, but too short to predict a next token; others were drawn in their place. */
  readonly skippedTooShort: number;
  /** See {@link fingerprint}. */
  readonly fingerprint: string;
}

/** The shortest sequence with a next token to predict. */
const MIN_TOKENS = 2;

/**
 * Draws, tokenises and truncates calibration examples. The files are streamed twice, to count and to
 * collect (again only where examples had to be replaced), so memory holds the drawn examples alone.
 *
 * @throws LayersenseError `dataset_empty` where no example has two tokens, `tokenizer_missing` for
 *   text without a tokenizer, and all that {@link readExamples} and the tokenizer throw
 */
export async function loadCalibrationSet(
  source: DatasetSource,
  options: CalibrationOptions,
): Promise<CalibrationSet> {
  const available = await countExamples(source, options.format);
  const examples: CalibrationExample[] = [];
  let skippedTooShort = 0;
  let drawn = 0;
  while (examples.length < options.examples && drawn < available) {
    const reach = Math.max(2 * drawn, options.examples);
    const indices = sampleIndices(available, reach, options.seed).slice(drawn);
    drawn += indices.length;
    for (const [index, raw] of await collectExamples(source, options.format, indices)) {
      if (examples.length === options.examples) break;
      const ids = tokenize(raw, options);
      if (ids.length < MIN_TOKENS) {
        skippedTooShort += 1;
        continue;
      }
      const inputIds = Int32Array.from(ids.slice(0, options.maxLength));
      examples.push({ index, inputIds, truncated: ids.length > options.maxLength });
    }
  }
  if (examples.length === 0) throw emptyDataset(source, available);
  return { available, skippedTooShort, ...describeExamples(examples) };
}

/** The set of the examples from `start` to before `end` in the order drawn. */
export function sliceExamples(set: CalibrationSet, start: number, end?: number): CalibrationSet {
  return { ...set, ...describeExamples(set.examples.slice(start, end)) };
}

function describeExamples(examples: readonly CalibrationExample[]) {
  return {
    examples,
    tokens: examples.reduce((sum, { inputIds }) => sum + inputIds.length, 0),
    truncated: examples.filter(({ truncated }) => truncated).length,
    fingerprint: fingerprint(examples.map(({ inputIds }) => inputIds)),
  };
}

async function countExamples(source: DatasetSource, format?: DatasetFormat): Promise<number> {
  let count = 0;
  for await (const _ of readExamples(source, format)) count += 1;
  return count;
}

/** The examples at `indices`, in that order. */
async function collectExamples(
  source: DatasetSource,
  format: DatasetFormat | undefined,
  indices: readonly number[],
): Promise<(readonly [number, RawExample])[]> {
  const wanted = new Set(indices);
  const found = new Map<number, RawExample>();
  let index = 0;
  for await (const example of readExamples(source, format)) {
    if (wanted.has(index)) found.set(index, example);
    if (found.size === wanted.size) break;
    index += 1;
  }
  return indices.map((wantedIndex) => [wantedIndex, found.get(wantedIndex) ?? changed(source)]);
}

function tokenize(raw: RawExample, options: CalibrationOptions): readonly number[] {
  if (raw.kind === 'tokens') return raw.inputIds;
  const { tokenizer, addSpecialTokens } = options;
  if (tokenizer === undefined) {
    throw new LayersenseError(
      'tokenizer_missing',
      'The dataset holds text and the model has no tokenizer. Give a dataset of token ids ({"input_ids": [...]} per line), or put a tokenizer.json beside the model.',
    );
  }
  return raw.kind === 'text'
    ? tokenizer.encode(raw.text, { addSpecialTokens })
    : tokenizer.encode(tokenizer.renderChat(raw.messages), { addSpecialTokens: false });
}

function emptyDataset(source: DatasetSource, available: number): LayersenseError {
  const files = source.files.join(', ');
  const message =
    available === 0
      ? `No example was found in ${files}.`
      : `None of the ${available} examples in ${files} has ${MIN_TOKENS} tokens, the least with a next token to predict.`;
  return new LayersenseError('dataset_empty', message, { files: [...source.files], available });
}

function changed(source: DatasetSource): never {
  throw new LayersenseError(
    'dataset_malformed',
    `The dataset became shorter while it was read: ${source.files.join(', ')}. Start the job again.`,
    { files: [...source.files] },
  );
}
