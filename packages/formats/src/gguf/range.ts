import { toFloat16 } from '../floats/float16.js';
import { ranges } from '../rounding/extremes.js';
import type { GroupRounding, Groups } from '../rounding/groups.js';
import { reciprocal } from './reciprocal.js';

/** From the least to the largest value, which need not have 0 between them. */
export function roundRange(bits: number): GroupRounding {
  const steps = 2 ** bits - 1;
  return {
    width: 4,
    measure: (weights, groups) => {
      ranges(weights.bits, groups, 4);
      const { parameters, first, last } = groups;
      for (let at = 0; at < 4 * (last - first); at += 4) {
        const least = parameters[at] ?? 0;
        const d = Math.fround(Math.fround((parameters[at + 1] ?? 0) - least) / steps);
        parameters[at + 1] = reciprocal(d);
        parameters[at + 2] = toFloat16(d);
        parameters[at + 3] = toFloat16(least);
      }
    },
    round: (values, out, groups) => round(values, out, groups, steps),
  };
}

function round(
  values: Float32Array,
  out: Float32Array,
  { bounds, first, last, parameters }: Groups,
  steps: number,
): void {
  for (let g = first, at = 0; g < last; g++, at += 4) {
    const least = parameters[at] ?? 0;
    const inverse = parameters[at + 1] ?? 0;
    const scale = parameters[at + 2] ?? 0;
    const offset = parameters[at + 3] ?? 0;
    const end = bounds[g + 1] ?? 0;
    for (let i = bounds[g] ?? 0; i < end; i++) {
      const above = Math.fround(Math.fround((values[i] ?? 0) - least) * inverse);
      let q = Math.fround(above + 0.5) | 0;
      if (q > steps) q = steps;
      out[i] = Math.fround(q * scale) + offset;
    }
  }
}
