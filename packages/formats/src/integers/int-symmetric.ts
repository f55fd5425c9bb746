import { largestMagnitude } from '../rounding/extremes.js';
import type { RoundGroup } from '../rounding/groupwise.js';
import { roundHalfEven } from '../rounding/round-half-even.js';
import { ZERO_SCALE } from './zero-scale.js';

/**
 * s = a / ((2ᵇ − 1) / 2), q = x / s to the nearest of −2ᵇ⁻¹ … 2ᵇ⁻¹ − 1, y = q s, every operation in
 * float32 (compressed-tensors, quantization/utils/helpers.py and lifecycle/forward_helpers.py).
 */
export function symmetricInt(bits: number): RoundGroup {
  const lowest = -(2 ** (bits - 1));
  const highest = -lowest - 1;
  const half = (2 ** bits - 1) / 2;
  return (values, start, end, out) => {
    const scale = Math.fround(largestMagnitude(values, start, end) / half) || ZERO_SCALE;
    // Times the double 1 / s rounds to the same float32 as divided by s: x / s is never so near to
    // the middle of two floats that the error of the reciprocal could decide.
    const inverse = 1 / scale;
    for (let i = start; i < end; i++) {
      const q = roundHalfEven(Math.fround((values[i] ?? 0) * inverse));
      out[i] = Math.min(Math.max(q, lowest), highest) * scale;
    }
  };
}
