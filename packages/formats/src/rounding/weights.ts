/** Float32 values, and the bits of each as a signed integer. */
export interface Weights {
  readonly values: Float32Array;
  readonly bits: Int32Array;
}

export function weightsOf(values: Float32Array): Weights {
  return { values, bits: new Int32Array(values.buffer, values.byteOffset, values.length) };
}
