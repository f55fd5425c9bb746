import { rangesWithZero } from '../rounding/extremes.js';
import type { Groups } from '../rounding/groups.js';
import { roundHalfAway } from '../rounding/nearest-integer.js';
import type { BlockAlgorithm } from './block-algorithm.js';

const algorithm = {
  configuredBy: 'DefaultWeightOnlyQuantConfig',
  source: 'onnxruntime 1.30.0 (core/mlas/lib/q4_dq.cpp)',
};

/** The value of largest magnitude becomes the lowest code; its scale may be negative. */
export function symmetricBlocks(bits: number): BlockAlgorithm {
  const half = 2 ** (bits - 1);
  return {
    ...algorithm,
    bits,
    hasZeroPoints: false,
    formula: `s = m / −${half} with m the value of largest magnitude, the least where two have it, q = x (1 / s) + ${half} to the nearest of 0 … ${2 * half - 1}, halves away from zero, y = (q − ${half}) s, in float32`,
    rounding: {
      width: 3,
      measure: ({ bits: words }, groups) => {
        rangesWithZero(words, groups, 3);
        const { parameters, first, last } = groups;
        for (let at = 0; at < 3 * (last - first); at += 3) {
          const [least, most] = [parameters[at] ?? 0, parameters[at + 1] ?? 0];
          const scale = Math.fround((most > -least ? most : least) / -half);
          parameters[at] = scale === 0 ? 0 : Math.fround(1 / scale);
          parameters[at + 1] = scale;
          parameters[at + 2] = half;
        }
      },
      round: (values, out, groups) => round(values, out, groups, 2 * half - 1),
    },
  };
}

export function asymmetricBlocks(bits: number): BlockAlgorithm {
  const steps = 2 ** bits - 1;
  return {
    ...algorithm,
    bits,
    hasZeroPoints: true,
    formula: `s = (max − min) / ${steps} of the values and 0, zero point z = −min / s to the nearest, q = x (1 / s) + z to the nearest of 0 … ${steps}, halves away from zero, y = (q − z) s, in float32`,
    rounding: {
      width: 3,
      measure: ({ bits: words }, groups) => {
        rangesWithZero(words, groups, 3);
        const { parameters, first, last } = groups;
        for (let at = 0; at < 3 * (last - first); at += 3) {
          const least = parameters[at] ?? 0;
          const scale = Math.fround(Math.fround((parameters[at + 1] ?? 0) - least) / steps);
          const exact = scale === 0 ? 0 : Math.fround(-least / scale);
          parameters[at] = scale === 0 ? 0 : Math.fround(1 / scale);
          parameters[at + 1] = scale;
          parameters[at + 2] = roundHalfAway(Math.min(Math.max(exact, 0), steps));
        }
      },
      round: (values, out, groups) => round(values, out, groups, steps),
    },
  };
}

/** q = x (1 / s) + z to the nearest from 0 to `highest`, halves away from zero, y = (q − z) s. */
function round(
  values: Float32Array,
  out: Float32Array,
  { bounds, first, last, parameters }: Groups,
  highest: number,
): void {
  const high = Math.fround(highest);
  for (let g = first, at = 0; g < last; g++, at += 3) {
    const inverse = parameters[at] ?? 0;
    const scale = parameters[at + 1] ?? 0;
    const zeroPoint = parameters[at + 2] ?? 0;
    const end = bounds[g + 1] ?? 0;
    for (let i = bounds[g] ?? 0; i < end; i++) {
      const exact = Math.fround(Math.fround((values[i] ?? 0) * inverse) + zeroPoint);
      let q = roundHalfAway(exact);
      if (q > high) q = high;
      else if (q < 0) q = 0;
      out[i] = (q - zeroPoint) * scale;
    }
  }
}
