import { largest, largestMagnitude, smallest } from '../rounding/extremes.js';
import type { RoundGroup } from '../rounding/groupwise.js';
import { roundHalfEven } from '../rounding/round-half-even.js';

export function symmetricRtn(bits: number): RoundGroup {
  const half = 2 ** (bits - 1);
  const steps = 2 ** bits - 1;
  return ({ values, bits: words }, start, end, out) => {
    // NumPy doubles the magnitude in float32, which is exact, and divides in float64.
    const scale = (largestMagnitude(words, start, end) * 2) / steps || 1;
    round(values, start, end, out, scale, half, steps);
  };
}

/** A block that is shorter than `size` ends the output, and is filled up with zeros before its range is taken. */
export function asymmetricRtn(bits: number, size: number): RoundGroup {
  const steps = 2 ** bits - 1;
  return ({ values, bits: words }, start, end, out) => {
    const filled = end - start < size;
    const least = filled ? Math.min(smallest(words, start, end), 0) : smallest(words, start, end);
    const most = filled ? Math.max(largest(words, start, end), 0) : largest(words, start, end);
    const scale = Math.fround(most - least) / steps || 1;
    const zeroPoint = Math.min(Math.max(roundHalfEven(-least / scale), 0), steps);
    round(values, start, end, out, scale, zeroPoint, steps);
  };
}

/** q = x / s + z to the nearest from 0 to `highest`, halves to even, in float64; y = (q − z) float32(s). */
function round(
  values: Float32Array,
  start: number,
  end: number,
  out: Float32Array,
  scale: number,
  zeroPoint: number,
  highest: number,
): void {
  const stored = Math.fround(scale);
  for (let i = start; i < end; i++) {
    const q = roundHalfEven((values[i] ?? 0) / scale + zeroPoint);
    out[i] = (Math.min(Math.max(q, 0), highest) - zeroPoint) * stored;
  }
}
