import { rangesWithZero } from '../rounding/extremes.js';
import type { GroupRounding } from '../rounding/groups.js';
import { roundHalfEven } from '../rounding/nearest-integer.js';
import { toNearestShiftedStep } from '../rounding/nearest-step.js';
import { ZERO_SCALE } from './zero-scale.js';

/**
 * The range of the values and 0 in 2ᵇ − 1 steps: s = (max − min) / (2ᵇ − 1), zero point
 * z = −2ᵇ⁻¹ − min / s to the nearest code, q = x / s + z to the nearest code, y = (q − z) s, every
 * operation in float32 (compressed-tensors, quantization/utils/helpers.py and
 * lifecycle/forward_helpers.py).
 */
export function asymmetricInt(bits: number): GroupRounding {
  const lowest = -(2 ** (bits - 1));
  const highest = -lowest - 1;
  return {
    width: 2,
    measure: ({ bits: words }, groups) => {
      rangesWithZero(words, groups, 2);
      const { parameters, first, last } = groups;
      for (let at = 0; at < 2 * (last - first); at += 2) {
        const smallest = parameters[at] ?? 0;
        const range = Math.fround((parameters[at + 1] ?? 0) - smallest);
        const scale = Math.fround(range / (highest - lowest));
        const exact = Math.fround(lowest - Math.fround(smallest / scale));
        parameters[at] = scale || ZERO_SCALE;
        parameters[at + 1] =
          scale === 0 ? 0 : roundHalfEven(Math.min(Math.max(exact, lowest), highest));
      }
    },
    round: (values, out, groups) => toNearestShiftedStep(values, out, groups, lowest, highest),
  };
}
