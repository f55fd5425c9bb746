import { open, stat } from 'node:fs/promises';
import { extname } from 'node:path';
import { isLfsPointer, LayersenseError, lfsPointer } from '@layersense/contracts';
import type { RawExample } from '../raw-example.js';
import { type MaskOptions, withAttentionMask } from './attention-mask.js';
import { type DatasetFormat, type NamedDatasetName, namedDatasets } from './named-datasets.js';
import { readJsonlRows } from './read-jsonl-rows.js';
import { readParagraphRows } from './read-paragraph-rows.js';
import { readParquetRows } from './read-parquet-rows.js';
import type { Row, RowRule } from './row.js';
import { withKnownKeys } from './row-keys.js';
import { withSegments } from './segments.js';
import { type Targets, withTargets } from './targets.js';
import { textOrTokens } from './text-or-tokens.js';

/** Files on this machine, read in this order. */
export interface DatasetSource {
  readonly files: readonly string[];
  /** Apply the rule of this set; without it the files hold `text` or `input_ids`. */
  readonly name?: NamedDatasetName | undefined;
}

/** What of a row the model can take. */
export interface RowSupport {
  /** Whether it has segments; true by default. */
  readonly segments?: boolean | undefined;
  /** Whether padding before the tokens changes nothing; false by default. */
  readonly leftPadding?: boolean | undefined;
  readonly lastToken?: MaskOptions['lastToken'];
  readonly lengthGroup?: MaskOptions['lengthGroup'];
}

export interface ReadOptions {
  /** Of a named set; its first one by default. */
  readonly format?: DatasetFormat | undefined;
  /** The next tokens by default. */
  readonly targets?: Targets | undefined;
  readonly support?: RowSupport | undefined;
  /** Takes the keys of rows that nothing is read from. */
  readonly unread?: Set<string> | undefined;
}

const readers: Readonly<
  Record<
    string,
    (file: string, columns: readonly string[], beside: readonly string[]) => AsyncGenerator<Row>
  >
> = {
  '.jsonl': readJsonlRows,
  '.txt': readParagraphRows,
  '.parquet': readParquetRows,
};

/**
 * The examples of a dataset, streamed: JSON Lines and Parquet give one per row (less those that a
 * named set's rule leaves out), plain text one per paragraph (paragraphs end at blank lines).
 *
 * @throws LayersenseError `dataset_not_found` for a missing file, `dataset_malformed` for another
 *   file type and for broken content (with file and line), `label_invalid` for a row whose target is
 *   missing or impossible, `invalid_request` for an unknown format
 */
export async function* readExamples(
  source: DatasetSource,
  options: ReadOptions = {},
): AsyncGenerator<RawExample> {
  const rule = ruleOf(source, options);
  for (const file of source.files) {
    await assertIsFile(file);
    await assertIsNoPointer(file);
    for await (const row of readerOf(file)(file, rule.columns, rule.optional ?? [])) {
      const example = rule.toExample(row);
      if (example !== undefined) yield example;
    }
  }
}

function ruleOf(source: DatasetSource, options: ReadOptions): RowRule {
  const { format, targets = { kind: 'next-tokens' }, support = {}, unread = new Set() } = options;
  const { kind } = targets;
  // Which columns of a named set count is known, and the others are known not to.
  if (source.name !== undefined)
    return withTargets(namedDatasets[source.name].rule(format), targets);
  if (format !== undefined) {
    const message = `A dataset file has no format "${format}": formats belong to the named datasets.`;
    throw new LayersenseError('invalid_request', message, { format });
  }
  const { segments = true, leftPadding = false, ...others } = support;
  const own = textOrTokens();
  const segmented = kind === 'next-tokens' ? own : withSegments(own, segments);
  const whole = withTargets(segmented, targets);
  return withKnownKeys(withAttentionMask(whole, { kind, leftPadding, ...others }), kind, unread);
}

function readerOf(file: string): (typeof readers)[string] {
  const extension = extname(file).toLowerCase();
  const reader = readers[extension];
  if (reader !== undefined) return reader;
  throw new LayersenseError(
    'dataset_malformed',
    `${file} is of no type that can be read: give a ${Object.keys(readers).join(', ')} file.`,
    { file },
  );
}

async function assertIsFile(file: string): Promise<void> {
  const found = await stat(file).catch((cause: unknown) => {
    const message = `The dataset file ${file} does not exist or cannot be opened.`;
    throw new LayersenseError('dataset_not_found', message, { file }, { cause });
  });
  if (found.isFile()) return;
  const message = `${file} is not a file. Give the path of the dataset file itself.`;
  throw new LayersenseError('dataset_not_found', message, { file });
}

async function assertIsNoPointer(file: string): Promise<void> {
  const handle = await open(file);
  try {
    const { buffer } = await handle.read(Buffer.alloc(64));
    if (isLfsPointer(buffer)) throw lfsPointer(file, 'dataset_malformed');
  } finally {
    await handle.close();
  }
}
