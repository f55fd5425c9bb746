import {
  dequantizeBlocks,
  type ElementType,
  elementCount,
  firstColumns,
  type GraphBuilder,
  type Initializer,
  int,
  type Value,
} from '@layersense/onnx-ir';

/** A tensor that the file stores under a name. */
export interface NamedTensor {
  readonly name: string;
  readonly stored: Initializer;
}

/** How the integers of a weight and their scales lie. */
export type QuantizedLayout =
  /** Packed along the last axis of [N, K], `size` to a scale; `MatMulNBits` has [N, blocks, bytes]. */
  | { readonly kind: 'blocks'; readonly bits: number; readonly size: number }
  /** One integer an element. Of `size` 1 the scales are one for each index of `axis`; of 0, one for all. */
  | { readonly kind: 'linear'; readonly axis: number; readonly size: number };

/**
 * A weight that exists only as integers q: its value is (q − zero point)·scale. The value is what is
 * scored; the integers themselves have no gradient.
 */
export interface QuantizedTensor {
  readonly kind: 'quantized';
  /** The name the tensor would have as floating-point numbers. */
  readonly own: string;
  /** The type of the value, which is that of the scales. */
  readonly dtype: ElementType;
  readonly shape: readonly number[];
  readonly integers: NamedTensor;
  readonly scales: NamedTensor;
  readonly zeros: NamedTensor | undefined;
  readonly layout: QuantizedLayout;
}

/** What a parameter is read from. */
export type StoredTensor = Initializer | QuantizedTensor;

/**
 * The name of a weight from that of its integers: quantisers append to the name they found.
 * `model.layers.0.attn.q_proj.MatMul.weight_Q4G32` is `model.layers.0.attn.q_proj.weight`.
 */
export function nameBeforeQuantization(integers: string): string {
  return integers
    .replace(/(_DQ)?_Q\d+(G\d+)?$|_(quantized|quant|qweight)$/, '')
    .replace(/\.qweight$/, '.weight');
}

/** What the file stores, as records and messages name it: `int4`, `uint8`. */
export function storedTypeOf({ layout, integers }: QuantizedTensor): string {
  return layout.kind === 'blocks' ? `int${layout.bits}` : typeOf(integers.stored).dtype;
}

export function typeOf(stored: StoredTensor): {
  readonly dtype: ElementType;
  readonly shape: readonly number[];
} {
  if (stored.kind === 'quantized') return stored;
  return stored.kind === 'inline' ? stored.tensor : stored.ref;
}

/**
 * Writes the nodes that compute the value; `read` gives a stored tensor in the graph, floating-point
 * ones in the graph's arithmetic.
 */
export function dequantize(
  g: GraphBuilder,
  tensor: QuantizedTensor,
  read: (name: string) => Value,
): Value {
  const { integers, scales, zeros, layout, shape } = tensor;
  const operands = {
    q: read(integers.name),
    scale: read(scales.name),
    zero: zeros && read(zeros.name),
  };
  return layout.kind === 'blocks'
    ? fromBlocks(g, operands, layout, shape)
    : fromLinear(g, operands, layout, shape);
}

interface Operands {
  readonly q: Value;
  readonly scale: Value;
  readonly zero: Value | undefined;
}

function fromBlocks(
  g: GraphBuilder,
  { q, scale, zero }: Operands,
  { bits, size }: Extract<QuantizedLayout, { kind: 'blocks' }>,
  [n = 0, k = 0]: readonly number[],
): Value {
  const rows = (value: Value) => g.reshape(value, [n, elementCount(value.shape) / n]);
  const blocks = dequantizeBlocks(g, {
    packed: rows(q),
    scales: rows(scale),
    zeros: zero && rows(zero),
    size,
    bits,
  });
  const whole = rows(blocks);
  // The last block may be longer than what is left of K.
  return whole.shape[1] === k ? whole : g.op('Slice', [whole, ...firstColumns(g, k)]);
}

function fromLinear(
  g: GraphBuilder,
  { q, scale, zero }: Operands,
  { axis, size }: Extract<QuantizedLayout, { kind: 'linear' }>,
  shape: readonly number[],
): Value {
  const length = shape[axis] ?? 1;
  const whole = size > 1 && length % size === 0;
  const grouped = whole ? [...shape.slice(0, axis), length / size, size] : shape.slice(0, axis + 1);
  const split = [...grouped, ...shape.slice(axis + 1)];
  const perGroup = whole ? split.with(axis + 1, 1) : split.map((n, i) => (i === axis ? n : 1));
  const fitted = (value: Value) => {
    if (size === 0) return value;
    if (size === 1 || whole) return g.reshape(value, perGroup);
    // The last group is longer than what is left: one scale for each index.
    const groups = Array.from({ length }, (_, i) => Math.floor(i / size));
    return g.op('Gather', [value, g.int64(groups)], { axis: int(axis) });
  };
  const numbers = g.reshape(g.cast(q, scale.dtype), split);
  const shifted = zero ? g.sub(numbers, fitted(g.cast(zero, scale.dtype))) : numbers;
  return g.reshape(g.mul(shifted, fitted(scale)), shape);
}
