import { toFloat16 } from '../floats/float16.js';
import { largestOrZero, smallestOrZero } from '../rounding/extremes.js';
import type { RoundGroup } from '../rounding/groupwise.js';
import type { Weights } from '../rounding/weights.js';
import { reciprocal } from './reciprocal.js';

/** The scale that makes the value of largest magnitude the lowest code, which alone has no opposite. */
export function roundFromLargest(bits: number): RoundGroup {
  const half = 2 ** (bits - 1);
  return (weights, start, end, out) => {
    const d = Math.fround(valueOfLargestMagnitude(weights, start, end) / -half);
    round(weights.values, start, end, out, reciprocal(d), toFloat16(d), half);
  };
}

function round(
  values: Float32Array,
  start: number,
  end: number,
  out: Float32Array,
  inverse: number,
  scale: number,
  half: number,
): void {
  const highest = 2 * half - 1;
  for (let i = start; i < end; i++) {
    const shifted = Math.fround(Math.fround((values[i] ?? 0) * inverse) + (half + 0.5));
    out[i] = (Math.min(shifted | 0, highest) - half) * scale;
  }
}

/** The first one where two have it. */
function valueOfLargestMagnitude({ values, bits }: Weights, start: number, end: number): number {
  const largest = largestOrZero(bits, start, end);
  const smallest = smallestOrZero(bits, start, end);
  if (largest !== -smallest) return largest > -smallest ? largest : smallest;
  for (let i = start; i < end; i++) {
    const value = values[i] ?? 0;
    if (value === largest || value === smallest) return value;
  }
  return 0;
}
