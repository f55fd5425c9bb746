/** New values of a stored tensor. */
export interface ReplacedWeight {
  /** All elements in order, row-major as the tensor is stored. */
  readonly values: () => AsyncIterable<Float32Array>;
}

/** A model some of whose weights are others. */
export interface Variant {
  readonly name: string;
  /** By the names of the checkpoint's tensors. */
  readonly weights: ReadonlyMap<string, ReplacedWeight>;
}
