import { roundHalfEven } from '../../rounding/nearest-integer.js';

/** From here on the sum of a float32 and `ROUNDING` is no longer the nearest integer. */
const LIMIT = 2 ** 22;
const ROUNDING = 1.5 * 2 ** 23;

const float = new Float32Array(1);
const floatBits = new Int32Array(float.buffer);

/**
 * A float32 as the nearest integer, halves to even, as ggml takes it: from the mantissa of x + 1.5 · 2²³
 * (llama.cpp, ggml-quants.c, nearest_int). Beyond ±2²², where the inverse of a subnormal scale has overflowed,
 * that mantissa is another number, and so is this one.
 */
export function nearestInt(x: number): number {
  if (x > -LIMIT && x < LIMIT) return roundHalfEven(x);
  float[0] = x + ROUNDING;
  return ((floatBits[0] ?? 0) & 0x7fffff) - 0x400000;
}
