import type { ModelTask } from '@layersense/contracts';
import type { TensorRef, Value } from '@layersense/onnx-ir';
import type { BatchShape, Forward, ForwardGraph, ForwardOptions } from './forward.js';
import type { Classes } from './model-task.js';

export interface ParsedModel {
  readonly modelType: string;
  /** Decides the loss. */
  readonly task: ModelTask;
  /** The classes of a sequence classifier. */
  readonly classes?: Classes;
  readonly vocabulary: number;
  /** The rows of its table of positions; unlimited where positions are rotations. */
  readonly maxPositions: number;
  /** Whether only the distance of two tokens counts, so that padding before both changes nothing. */
  readonly relativePositions?: boolean;
  /** Whether it tells the segments of a text apart. */
  readonly segments?: boolean;
  /** Set where a classifier reads the last token that is not `padId`, as transformers' decoders do. */
  readonly lastToken?: { readonly padId: number | undefined };
  /** What the configuration wants rows padded with. */
  readonly padId?: number | undefined;
  /**
   * What the lengths have in common that may be in one batch, of a model that computes examples of
   * different lengths differently. Absent where all may.
   */
  readonly lengthGroup?: ((length: number) => string) | undefined;
  /** The ONNX file that the graph is taken from; absent where this package writes the graph. */
  readonly file?: string;
  /** The forward pass for one batch shape; see `buildForward`. */
  readonly build: (
    tensors: ReadonlyMap<string, TensorRef>,
    shape: BatchShape,
    options?: ForwardOptions,
  ) => ForwardGraph;
}

/** A model that config.json describes: its forward pass takes what tensors it asks for. */
export interface ParsedArchitecture extends ParsedModel {
  readonly forward: (f: Forward, inputIds: Value) => Value;
}
