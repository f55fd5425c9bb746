import type { TensorRef } from '@layersense/onnx-ir';

/** New values of a stored tensor, or of a stretch of it that holds a matrix. */
export interface ReplacedWeight {
  readonly parameter: string;
  /** What is replaced, as the checkpoint stores it. */
  readonly stored: TensorRef;
  /** All elements in order, row-major as the tensor is stored. */
  readonly values: () => AsyncIterable<Float32Array>;
}

/** A model some of whose weights are others. */
export interface Variant {
  readonly name: string;
  readonly weights: readonly ReplacedWeight[];
}
