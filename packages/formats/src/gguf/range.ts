import { toFloat16 } from '../floats/float16.js';
import { largest, smallest } from '../rounding/extremes.js';
import type { RoundGroup } from '../rounding/groupwise.js';
import { reciprocal } from './reciprocal.js';

/** From the least to the largest value, which need not have 0 between them. */
export function roundRange(bits: number): RoundGroup {
  const steps = 2 ** bits - 1;
  return ({ values, bits: words }, start, end, out) => {
    const least = smallest(words, start, end);
    const d = Math.fround(Math.fround(largest(words, start, end) - least) / steps);
    round(values, start, end, out, least, reciprocal(d), toFloat16(d), steps);
  };
}

function round(
  values: Float32Array,
  start: number,
  end: number,
  out: Float32Array,
  least: number,
  inverse: number,
  scale: number,
  steps: number,
): void {
  const offset = toFloat16(least);
  for (let i = start; i < end; i++) {
    const above = Math.fround(Math.fround((values[i] ?? 0) - least) * inverse);
    const q = Math.min(Math.fround(above + 0.5) | 0, steps);
    out[i] = Math.fround(q * scale) + offset;
  }
}
