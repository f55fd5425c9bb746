import { largestMagnitude } from '../rounding/extremes.js';
import type { RoundGroup } from '../rounding/groupwise.js';
import { toNearestStep } from '../rounding/nearest-step.js';
import { ZERO_SCALE } from './zero-scale.js';

/**
 * s = a / ((2ᵇ − 1) / 2), q = x / s to the nearest of −2ᵇ⁻¹ … 2ᵇ⁻¹ − 1, y = q s, every operation in
 * float32 (compressed-tensors, quantization/utils/helpers.py and lifecycle/forward_helpers.py).
 */
export function symmetricInt(bits: number): RoundGroup {
  const lowest = -(2 ** (bits - 1));
  const half = (2 ** bits - 1) / 2;
  return (weights, start, end, out) => {
    const scale = Math.fround(largestMagnitude(weights.bits, start, end) / half) || ZERO_SCALE;
    toNearestStep(weights.values, start, end, out, scale, lowest, -lowest - 1);
  };
}
