import { largestOrZero, smallestOrZero } from '../rounding/extremes.js';
import type { RoundGroup } from '../rounding/groupwise.js';
import { toNearestShiftedStep } from '../rounding/nearest-step.js';
import { roundHalfEven } from '../rounding/round-half-even.js';
import { ZERO_SCALE } from './zero-scale.js';

/**
 * The range of the values and 0 in 2ᵇ − 1 steps: s = (max − min) / (2ᵇ − 1), zero point
 * z = −2ᵇ⁻¹ − min / s to the nearest code, q = x / s + z to the nearest code, y = (q − z) s, every
 * operation in float32 (compressed-tensors, quantization/utils/helpers.py and
 * lifecycle/forward_helpers.py).
 */
export function asymmetricInt(bits: number): RoundGroup {
  const lowest = -(2 ** (bits - 1));
  const highest = -lowest - 1;
  const steps = 2 ** bits - 1;
  return ({ values, bits: words }, start, end, out) => {
    const smallest = smallestOrZero(words, start, end);
    const range = Math.fround(largestOrZero(words, start, end) - smallest);
    const exact = Math.fround(range / steps);
    const scale = exact || ZERO_SCALE;
    const zero = Math.fround(lowest - Math.fround(smallest / scale));
    const zeroPoint = exact === 0 ? 0 : roundHalfEven(Math.min(Math.max(zero, lowest), highest));
    toNearestShiftedStep(values, start, end, out, scale, zeroPoint, lowest, highest);
  };
}
