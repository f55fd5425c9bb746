import { toFloat16 } from '../floats/float16.js';
import { rangesWithZero } from '../rounding/extremes.js';
import type { GroupRounding, Groups } from '../rounding/groups.js';
import { reciprocal } from './reciprocal.js';

/** The scale that makes the value of largest magnitude the lowest code, which alone has no opposite. */
export function roundFromLargest(bits: number): GroupRounding {
  const half = 2 ** (bits - 1);
  return {
    width: 2,
    measure: (weights, groups) => {
      rangesWithZero(weights.bits, groups, 2);
      const { parameters, bounds, first, last } = groups;
      for (let g = first, at = 0; g < last; g++, at += 2) {
        const [least, most] = [parameters[at] ?? 0, parameters[at + 1] ?? 0];
        const farthest =
          most === -least
            ? firstOf(most, weights.values, bounds[g] ?? 0)
            : most > -least
              ? most
              : least;
        const d = Math.fround(farthest / -half);
        parameters[at] = reciprocal(d);
        parameters[at + 1] = toFloat16(d);
      }
    },
    round: (values, out, groups) => round(values, out, groups, half),
  };
}

function round(
  values: Float32Array,
  out: Float32Array,
  { bounds, first, last, parameters }: Groups,
  half: number,
): void {
  const upwards = half + 0.5;
  const highest = 2 * half - 1;
  for (let g = first; g < last; g++) {
    const inverse = parameters[2 * (g - first)] ?? 0;
    const scale = parameters[2 * (g - first) + 1] ?? 0;
    const end = bounds[g + 1] ?? 0;
    for (let i = bounds[g] ?? 0; i < end; i++) {
      let q = Math.fround(Math.fround((values[i] ?? 0) * inverse) + upwards) | 0;
      if (q > highest) q = highest;
      out[i] = (q - half) * scale;
    }
  }
}

/** The first value from `start` on that has this magnitude; one has it. */
function firstOf(magnitude: number, values: Float32Array, start: number): number {
  let i = start;
  while (Math.abs(values[i] ?? 0) !== magnitude) i++;
  return values[i] ?? 0;
}
