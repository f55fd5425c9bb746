import type { RunModel } from '@layersense/contracts';
import type { Checkpoint } from '@layersense/model-source';
import type { MatrixLayout, ParsedModel } from '@layersense/models';
import type { JobServices } from '../job-services.js';
import type { ProgressReporter } from '../progress-reporter.js';

/** A weight that is stored as integers: its value is that of the matrix they stand for. */
export interface DequantizedWeight {
  readonly shape: readonly number[];
  /** The type of the integers, `int4` for example. */
  readonly dtype: string;
  /** The values, row-major. */
  readonly chunks: () => AsyncIterable<Float32Array>;
}

/** What both methods work with once the model is on this machine. */
export interface OpenedJob {
  readonly model: RunModel;
  readonly checkpoint: Checkpoint;
  /** The weights that `checkpoint.tensors` lacks, by parameter; none unless weights are quantised. */
  readonly dequantized: ReadonlyMap<string, DequantizedWeight>;
  /** Stored tensors that are another one again; they are not in `checkpoint.tensors`. */
  readonly copies: readonly string[];
  /** What a reader of the numbers must know of the files. */
  readonly notes: readonly string[];
  /** @throws LayersenseError for a model that has no Fisher scores. */
  readonly architecture: () => ParsedModel;
  /**
   * What the axes of its matrices mean, by parameter.
   * @throws LayersenseError for a checkpoint of a model that has no Fisher scores.
   */
  readonly layouts: () => ReadonlyMap<string, MatrixLayout>;
  readonly progress: ProgressReporter;
  readonly services: JobServices;
  readonly signal: AbortSignal;
}
