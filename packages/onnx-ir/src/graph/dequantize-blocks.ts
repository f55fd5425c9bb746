import type { GraphBuilder } from './builder.js';
import type { ElementType } from './element-type.js';
import { int, type Value } from './graph.js';

/** Integers of 2, 4 or 8 bits in blocks along the last axis, with a scale and a zero point for each. */
export interface QuantizedBlocks {
  /** uint8 [..., bytes], the lowest bits first. */
  readonly packed: Value;
  /** [..., blocks]. */
  readonly scales: Value;
  /** Packed like the values or, as numbers, shaped like the scales; the middle by default. */
  readonly zeros: Value | undefined;
  /** Values of a block. */
  readonly size: number;
  readonly bits: number;
}

/** Whether integers of so many bits can be packed into bytes here. */
export function isPackedWidth(bits: number): boolean {
  return [2, 4, 8].includes(bits);
}

/** (q − zero point)·scale, [..., blocks, size]. */
export function dequantizeBlocks(
  g: GraphBuilder,
  { packed, scales, zeros, size, bits }: QuantizedBlocks,
): Value {
  const { dtype, shape } = scales;
  const column = [...shape, 1];
  const blocks = g.reshape(unpack(g, packed, bits, dtype), [...shape, size]);
  const middle = g.scalar(2 ** (bits - 1), dtype);
  const zero = zeros ? g.reshape(zeroPoints(g, zeros, bits, scales), column) : middle;
  return g.mul(g.sub(blocks, zero), g.reshape(scales, column));
}

/** The zero points, one number per scale. */
function zeroPoints(g: GraphBuilder, zeros: Value, bits: number, { dtype, shape }: Value): Value {
  if (zeros.dtype !== 'uint8') return zeros;
  const unpacked = unpack(g, zeros, bits, dtype);
  const blocks = shape.at(-1) ?? 0;
  return unpacked.shape.at(-1) === blocks
    ? unpacked
    : g.op('Slice', [unpacked, ...firstColumns(g, blocks)]);
}

/** The numbers in the bytes [..., bytes], from the lowest bits up: [..., bytes · 8 / bits]. */
function unpack(g: GraphBuilder, packed: Value, bits: number, dtype: ElementType): Value {
  let digits = g.cast(packed, dtype);
  for (let width = 4; width >= bits; width /= 2) digits = halves(g, digits, 2 ** width);
  return digits;
}

/**
 * q = high·base + low as [low, high], side by side. In floating point, where it is exact: bit
 * operators have no CUDA kernel, and none at all before opset 18.
 */
function halves(g: GraphBuilder, q: Value, base: number): Value {
  const high = g.op('Floor', [g.mul(q, g.scalar(1 / base, q.dtype))]);
  const low = g.sub(q, g.mul(high, g.scalar(base, q.dtype)));
  const pair = [low, high].map((x) => g.reshape(x, [...x.shape, 1]));
  const pairs = g.op('Concat', pair, { axis: int(-1) });
  return g.reshape(pairs, q.shape.with(-1, 2 * (q.shape.at(-1) ?? 0)));
}

/** The operands that make `Slice` take the first `count` columns. */
export function firstColumns(g: GraphBuilder, count: number): readonly Value[] {
  return [g.int64([0]), g.int64([count]), g.int64([-1])];
}
