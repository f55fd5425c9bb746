import { largestMagnitudes, ranges } from '../rounding/extremes.js';
import type { Groups } from '../rounding/groups.js';
import { roundHalfEven } from '../rounding/nearest-integer.js';
import type { BlockAlgorithm } from './block-algorithm.js';

const algorithm = {
  configuredBy: 'RTNWeightOnlyQuantConfig',
  source:
    'onnxruntime 1.30.0 (python/tools/quantization/neural_compressor/weight_only.py, quant_tensor)',
};

export function symmetricRtn(bits: number): BlockAlgorithm {
  const half = 2 ** (bits - 1);
  const steps = 2 ** bits - 1;
  return {
    ...algorithm,
    bits,
    hasZeroPoints: false,
    formula: `s = 2 max |x| / ${steps}, q = x / s + ${half} to the nearest of 0 … ${steps}, halves to even, in float64, y = (q − ${half}) float32(s)`,
    rounding: {
      width: 2,
      measure: ({ bits: words }, groups) => {
        largestMagnitudes(words, groups, 2);
        const { parameters, first, last } = groups;
        for (let at = 0; at < 2 * (last - first); at += 2) {
          // NumPy doubles the magnitude in float32, which is exact, and divides in float64.
          parameters[at] = ((parameters[at] ?? 0) * 2) / steps || 1;
          parameters[at + 1] = half;
        }
      },
      round: (values, out, groups) => round(values, out, groups, steps),
    },
  };
}

/** A block that is shorter than `size` ends the output, and is filled up with zeros before its range is taken. */
export function asymmetricRtn(bits: number, size: number): BlockAlgorithm {
  const steps = 2 ** bits - 1;
  return {
    ...algorithm,
    bits,
    hasZeroPoints: true,
    formula: `s = (max − min) / ${steps} of the values without 0, so that a block of one sign saturates, zero point z = −min / s to the nearest of 0 … ${steps}, q = x / s + z likewise, halves to even, in float64, y = (q − z) float32(s)`,
    rounding: {
      width: 2,
      measure: ({ bits: words }, groups) => {
        ranges(words, groups, 2);
        const { parameters, bounds, first, last } = groups;
        for (let g = first, at = 0; g < last; g++, at += 2) {
          let [least, most] = [parameters[at] ?? 0, parameters[at + 1] ?? 0];
          const filled = (bounds[g + 1] ?? 0) - (bounds[g] ?? 0) < size;
          if (filled) [least, most] = [Math.min(least, 0), Math.max(most, 0)];
          const scale = Math.fround(most - least) / steps || 1;
          parameters[at] = scale;
          parameters[at + 1] = Math.min(Math.max(roundHalfEven(-least / scale), 0), steps);
        }
      },
      round: (values, out, groups) => round(values, out, groups, steps),
    },
  };
}

/** q = x / s + z to the nearest from 0 to `highest`, halves to even, in float64; y = (q − z) float32(s). */
function round(
  values: Float32Array,
  out: Float32Array,
  { bounds, first, last, parameters }: Groups,
  highest: number,
): void {
  const high = Math.fround(highest);
  for (let g = first; g < last; g++) {
    const scale = parameters[2 * (g - first)] ?? 0;
    const zeroPoint = parameters[2 * (g - first) + 1] ?? 0;
    const stored = Math.fround(scale);
    const end = bounds[g + 1] ?? 0;
    for (let i = bounds[g] ?? 0; i < end; i++) {
      let q = roundHalfEven((values[i] ?? 0) / scale + zeroPoint);
      if (q > high) q = high;
      else if (q < 0) q = 0;
      out[i] = (q - zeroPoint) * stored;
    }
  }
}
