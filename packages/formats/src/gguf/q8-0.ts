import { toFloat16 } from '../floats/float16.js';
import { largestMagnitudes } from '../rounding/extremes.js';
import type { GroupRounding, Groups } from '../rounding/groups.js';
import { roundHalfAway } from '../rounding/nearest-integer.js';
import { reciprocal } from './reciprocal.js';

export const roundQ8: GroupRounding = {
  width: 2,
  measure: ({ bits }, groups) => {
    largestMagnitudes(bits, groups, 2);
    const { parameters, first, last } = groups;
    for (let at = 0; at < 2 * (last - first); at += 2) {
      const d = Math.fround((parameters[at] ?? 0) / 127);
      parameters[at] = reciprocal(d);
      parameters[at + 1] = toFloat16(d);
    }
  },
  round,
};

function round(
  values: Float32Array,
  out: Float32Array,
  { bounds, first, last, parameters }: Groups,
): void {
  for (let g = first; g < last; g++) {
    const inverse = parameters[2 * (g - first)] ?? 0;
    const scale = parameters[2 * (g - first) + 1] ?? 0;
    const end = bounds[g + 1] ?? 0;
    for (let i = bounds[g] ?? 0; i < end; i++) {
      out[i] = roundHalfAway(Math.fround((values[i] ?? 0) * inverse)) * scale;
    }
  }
}
