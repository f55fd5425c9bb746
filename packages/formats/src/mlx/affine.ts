import { ranges } from '../rounding/extremes.js';
import type { GroupRounding, Groups } from '../rounding/groups.js';
import { roundHalfEven } from '../rounding/nearest-integer.js';

const LEAST_SCALE = Math.fround(1e-7);

/** The range is moved and stretched until the end that is farther from 0, and 0 itself, are codes. */
export function affine(bits: number): GroupRounding {
  const steps = 2 ** bits - 1;
  return {
    width: 2,
    measure: ({ bits: words }, groups) => {
      ranges(words, groups, 2);
      const { parameters, first, last } = groups;
      for (let at = 0; at < 2 * (last - first); at += 2) {
        const [least, most] = [parameters[at] ?? 0, parameters[at + 1] ?? 0];
        const step = Math.max(Math.fround(Math.fround(most - least) / steps), LEAST_SCALE);
        const negative = Math.abs(least) > Math.abs(most);
        const edge = negative ? least : most;
        const signed = negative ? step : -step;
        const stepsToEdge = roundHalfEven(Math.fround(edge / signed));
        parameters[at] = stepsToEdge === 0 ? signed : Math.fround(edge / stepsToEdge);
        parameters[at + 1] = stepsToEdge === 0 ? 0 : edge;
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
  const high = Math.fround(steps);
  for (let g = first; g < last; g++) {
    const scale = parameters[2 * (g - first)] ?? 0;
    const bias = parameters[2 * (g - first) + 1] ?? 0;
    const inverse = 1 / scale;
    const end = bounds[g + 1] ?? 0;
    for (let i = bounds[g] ?? 0; i < end; i++) {
      let q = roundHalfEven(Math.fround(Math.fround((values[i] ?? 0) - bias) * inverse));
      if (q > high) q = high;
      else if (q < 0) q = 0;
      out[i] = Math.fround(q * scale) + bias;
    }
  }
}
