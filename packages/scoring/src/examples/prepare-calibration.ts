import {
  type CalibrationSet,
  exampleHash,
  isNamedDataset,
  loadCalibrationSet,
  loadTokenizer,
  namedDatasets,
  sliceExamples,
  type Tokenizer,
} from '@layersense/calibration';
import {
  type DatasetSpec,
  type FisherParams,
  LayersenseError,
  type RunDataset,
} from '@layersense/contracts';
import {
  allowedPath,
  type Checkpoint,
  isDatasetPath,
  resolveDatasetFiles,
} from '@layersense/model-source';
import type { ParsedModel } from '@layersense/models';
import type { JobServices } from '../job-services.js';
import { targetsOf } from './targets-of.js';

/** What of a job's spec decides which token sequences it is computed on. */
export interface CalibrationRequest {
  readonly dataset: DatasetSpec;
  readonly params: Pick<
    FisherParams,
    'examples' | 'skip_examples' | 'max_length' | 'seed' | 'labels' | 'mask_probability'
  >;
}

export interface PreparedCalibration {
  readonly set: CalibrationSet;
  /** The token that fills rows up. */
  readonly padId: number;
  /** The record of the first `examples` of the set; of all where absent. */
  provenance(examples?: number): RunDataset;
}

interface ResolvedDataset {
  readonly files: readonly string[];
  readonly revision: string | null;
  readonly split: string | null;
}

/**
 * The token sequences a job is computed on.
 * @throws LayersenseError when dataset, tokenizer and model do not fit together
 */
export async function prepareCalibration(
  spec: CalibrationRequest,
  checkpoint: Checkpoint,
  model: ParsedModel,
  services: JobServices,
  signal: AbortSignal,
): Promise<PreparedCalibration> {
  const { dataset, params } = spec;
  const resolved = await resolveDataset(dataset, services, signal);
  const targets = targetsOf(spec, model);
  const tokenizer = await tokenizerOf(checkpoint);
  const skip = params.skip_examples ?? 0;
  const drawn = await loadCalibrationSet(
    { files: resolved.files, name: isNamedDataset(dataset.name) ? dataset.name : undefined },
    {
      tokenizer,
      examples: skip + params.examples,
      // A longer sequence would read past a table of positions.
      maxLength: Math.min(params.max_length, model.maxPositions),
      seed: params.seed,
      format: dataset.format,
      targets,
      support: {
        leftPadding: model.relativePositions,
        segments: model.segments,
        lastToken: model.lastToken,
        lengthGroup: model.lengthGroup,
      },
    },
  ).finally(() => tokenizer?.close());
  const set = { ...sliceExamples(drawn, skip), lengthGroup: model.lengthGroup };
  if (set.examples.length === 0) throw allSkipped(skip, drawn.examples.length);
  assertInVocabulary(set, model.vocabulary);
  return {
    set,
    padId: padIdOf(model, tokenizer),
    provenance: (examples) =>
      describe(dataset, resolved, sliceExamples(set, 0, examples), tokenizer),
  };
}

async function resolveDataset(
  dataset: DatasetSpec,
  { allowedRoots, hub }: JobServices,
  signal: AbortSignal,
): Promise<ResolvedDataset> {
  const { name } = dataset;
  if (isNamedDataset(name)) {
    const named = namedDatasets[name];
    const split = dataset.split ?? named.defaultSplit;
    const { files, revision } = await resolveDatasetFiles(named.repo, {
      patterns: named.filesOf(split),
      hub,
      signal,
      ...(dataset.revision === undefined ? {} : { revision: dataset.revision }),
    });
    return { files: files.map((file) => file.path), revision, split };
  }
  if (!isDatasetPath(name)) {
    throw new LayersenseError(
      'dataset_not_found',
      `There is no dataset named ${JSON.stringify(name)}. Named sets are ${Object.keys(namedDatasets).join(', ')}; anything else is the path of a .jsonl, .txt or .parquet file.`,
      { dataset: name },
    );
  }
  return {
    files: [await allowedPath(name, allowedRoots, 'dataset')],
    revision: null,
    split: null,
  };
}

/** The model's tokenizer; undefined where it has none, which a dataset of token ids does not need. */
function tokenizerOf({ tokenizerFiles }: Checkpoint): Promise<Tokenizer | undefined> {
  const files = Object.fromEntries(tokenizerFiles.map(({ name, path }) => [name, path]));
  return files['tokenizer.json'] === undefined ? Promise.resolve(undefined) : loadTokenizer(files);
}

/** Nothing that padding holds counts, but an encoder may look at which token it is. */
function padIdOf(
  { task, padId, vocabulary }: ParsedModel,
  tokenizer: Tokenizer | undefined,
): number {
  const id = task === 'causal-lm' ? 0 : (padId ?? tokenizer?.padId ?? 0);
  return id < vocabulary ? id : 0;
}

function assertInVocabulary(set: CalibrationSet, vocabulary: number): void {
  for (const { index, inputIds, targets = [] } of set.examples) {
    const outside = (ids: Iterable<number>) => [...ids].find((id) => id >= vocabulary);
    const [input, label] = [outside(inputIds), outside(targets)];
    const token = input ?? label;
    if (token === undefined) continue;
    throw new LayersenseError(
      'token_out_of_range',
      `Example ${index} has the ${input === undefined ? 'label' : 'token id'} ${token}, but the model's vocabulary ends at ${vocabulary - 1}. The tokenizer or the token ids belong to another model.`,
      { example: index, token, vocabulary },
    );
  }
}

function describe(
  dataset: DatasetSpec,
  { revision, split }: ResolvedDataset,
  set: CalibrationSet,
  tokenizer: Tokenizer | undefined,
): RunDataset {
  return {
    name: dataset.name,
    split,
    format: dataset.format ?? null,
    revision,
    indices: set.examples.map(({ index }) => index),
    examples: set.examples.length,
    tokens: set.tokens,
    truncated: set.truncated,
    skipped: set.skippedAt.length,
    unread_keys: [...set.unreadKeys],
    tokenizer_sha256: tokenizer?.sha256 ?? null,
    fingerprint: set.fingerprint,
    example_hashes: set.examples.map(exampleHash),
  };
}

function allSkipped(skip: number, drawn: number): LayersenseError {
  return new LayersenseError(
    'dataset_empty',
    `skip_examples leaves out ${skip} examples, and the dataset has no more than ${drawn} that can be used. Lower it.`,
    { skip, usable: drawn },
  );
}
