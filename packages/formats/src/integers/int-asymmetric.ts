import { largestOrZero, smallestOrZero } from '../rounding/extremes.js';
import type { RoundGroup } from '../rounding/groupwise.js';
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
  return (values, start, end, out) => {
    const smallest = smallestOrZero(values, start, end);
    const range = Math.fround(largestOrZero(values, start, end) - smallest);
    const exact = Math.fround(range / steps);
    const scale = exact || ZERO_SCALE;
    const zeroPoint =
      exact === 0 ? 0 : roundHalfEven(clamp(lowest - Math.fround(smallest / scale)));
    const inverse = 1 / scale;
    for (let i = start; i < end; i++) {
      const q = roundHalfEven(Math.fround(Math.fround((values[i] ?? 0) * inverse) + zeroPoint));
      out[i] = (Math.min(Math.max(q, lowest), highest) - zeroPoint) * scale;
    }
  };

  function clamp(x: number): number {
    return Math.min(Math.max(Math.fround(x), lowest), highest);
  }
}
