import { roundHalfEven } from '../rounding/nearest-integer.js';

const SMALLEST_STEP = 2 ** -24;
const SMALLEST_NORMAL = 2 ** -14;
/** Half a step beyond the largest float16, 65504: from here on the nearest is infinity. */
const OVERFLOW = 65520;

const float = new Float32Array(1);
const floatBits = new Int32Array(float.buffer);

/** The nearest float16 of a float32, halves to even; infinity beyond the largest. */
export function toFloat16(x: number): number {
  const magnitude = Math.abs(x);
  if (magnitude < SMALLEST_NORMAL) return roundHalfEven(x / SMALLEST_STEP) * SMALLEST_STEP;
  if (magnitude >= OVERFLOW) return x * Number.POSITIVE_INFINITY;
  // Thirteen of the 23 bits of mantissa go; a carry makes the next power of two.
  float[0] = x;
  const bits = floatBits[0] ?? 0;
  floatBits[0] = (bits + 0xfff + ((bits >>> 13) & 1)) & ~0x1fff;
  return float[0] ?? 0;
}
