import { largestMagnitudes } from '../rounding/extremes.js';
import type { GroupRounding } from '../rounding/groups.js';
import { toNearestStep } from '../rounding/nearest-step.js';
import { ZERO_SCALE } from './zero-scale.js';

/**
 * s = a / ((2ᵇ − 1) / 2), q = x / s to the nearest of −2ᵇ⁻¹ … 2ᵇ⁻¹ − 1, y = q s, every operation in
 * float32 (compressed-tensors, quantization/utils/helpers.py and lifecycle/forward_helpers.py).
 */
export function symmetricInt(bits: number): GroupRounding {
  const lowest = -(2 ** (bits - 1));
  const half = (2 ** bits - 1) / 2;
  return {
    width: 1,
    measure: ({ bits: words }, groups) => {
      largestMagnitudes(words, groups, 1);
      const { parameters, first, last } = groups;
      for (let at = 0; at < last - first; at++) {
        parameters[at] = Math.fround((parameters[at] ?? 0) / half) || ZERO_SCALE;
      }
    },
    round: (values, out, groups) => toNearestStep(values, out, groups, lowest, -lowest - 1),
  };
}
