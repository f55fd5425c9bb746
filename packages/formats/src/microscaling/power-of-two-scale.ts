import { largestMagnitudes } from '../rounding/extremes.js';
import type { GroupRounding, Groups } from '../rounding/groups.js';
import type { Element } from './elements.js';

/** Added to the bits of a float32, carries it to the next power of two from 1.75 on. */
const FROM_SEVEN_QUARTERS = 1 << 21;

const float = new Float32Array(1);
const floatBits = new Int32Array(float.buffer);

/** The scale brings the largest magnitude under the next power of two after the element's largest one. */
export function floorScale({ exponent, round }: Element): GroupRounding {
  return { width: 1, measure: ({ bits }, groups) => powersOfTwo(bits, groups, exponent, 0), round };
}

/** The same, of the power of two that the largest magnitude, cut to one bit of mantissa, is rounded to. */
export function evenScale({ exponent, round }: Element): GroupRounding {
  return {
    width: 1,
    measure: ({ bits }, groups) => powersOfTwo(bits, groups, exponent, FROM_SEVEN_QUARTERS),
    round,
  };
}

function powersOfTwo(bits: Int32Array, groups: Groups, exponent: number, added: number): void {
  largestMagnitudes(bits, groups, 1);
  const { parameters, first, last } = groups;
  for (let at = 0; at < last - first; at++) {
    float[0] = parameters[at] ?? 0;
    parameters[at] = powerOfTwo((((floatBits[0] ?? 0) + added) >>> 23) - exponent);
  }
}

/** 2^(biased − 127), at least the 2^−127 that E8M0 begins with, which is a subnormal float32. */
function powerOfTwo(biased: number): number {
  floatBits[0] = biased > 0 ? biased << 23 : 1 << 22;
  return float[0] ?? 0;
}
