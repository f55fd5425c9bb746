/** A tensor that crosses the process boundary: `data` holds the elements of `shape`, row-major. */
export type TensorData =
  | { readonly dtype: 'float32'; readonly shape: readonly number[]; readonly data: Float32Array }
  | { readonly dtype: 'float64'; readonly shape: readonly number[]; readonly data: Float64Array }
  | { readonly dtype: 'int64'; readonly shape: readonly number[]; readonly data: BigInt64Array }
  | { readonly dtype: 'int32'; readonly shape: readonly number[]; readonly data: Int32Array }
  | { readonly dtype: 'uint8'; readonly shape: readonly number[]; readonly data: Uint8Array }
  | { readonly dtype: 'bool'; readonly shape: readonly number[]; readonly data: Uint8Array };

export type Tensors = Readonly<Record<string, TensorData>>;

type TensorType = Pick<TensorData, 'dtype' | 'shape'>;

const arrays = {
  float32: Float32Array,
  float64: Float64Array,
  int64: BigInt64Array,
  int32: Int32Array,
  uint8: Uint8Array,
  bool: Uint8Array,
} as const satisfies Readonly<Record<TensorData['dtype'], unknown>>;

/** The elements as they lie in memory. */
export function tensorBytes({ data }: TensorData): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** A tensor of this type from the bytes of its elements, which are copied. */
export function tensorOf({ dtype, shape }: TensorType, bytes: Uint8Array): TensorData {
  // Elements must lie at a multiple of their size, which a slice of a pool need not.
  const { buffer } = new Uint8Array(bytes);
  return { dtype, shape, data: new arrays[dtype](buffer) } as TensorData;
}

/** The type alone, to remember a tensor by that lies elsewhere. */
export function emptyTensor({ dtype, shape }: TensorType): TensorData {
  return { dtype, shape, data: new arrays[dtype]() } as TensorData;
}
