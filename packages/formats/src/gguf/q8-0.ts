import { toFloat16 } from '../floats/float16.js';
import { largestMagnitude } from '../rounding/extremes.js';
import type { RoundGroup } from '../rounding/groupwise.js';
import { reciprocal } from './reciprocal.js';

/** Halves go away from zero. */
export const roundQ8: RoundGroup = ({ values, bits }, start, end, out) => {
  const d = Math.fround(largestMagnitude(bits, start, end) / 127);
  round(values, start, end, out, reciprocal(d), toFloat16(d));
};

function round(
  values: Float32Array,
  start: number,
  end: number,
  out: Float32Array,
  inverse: number,
  scale: number,
): void {
  for (let i = start; i < end; i++) {
    const steps = Math.fround((values[i] ?? 0) * inverse);
    const q = (Math.abs(steps) + 0.5) | 0;
    out[i] = (steps < 0 ? -q : q) * scale;
  }
}
