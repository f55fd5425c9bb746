import type { Groups } from './groups.js';
import { roundHalfEven } from './nearest-integer.js';

// Math.fround tells the compiler that a bound is a double: of an integer that a loop compares doubles with,
// it would convert what the loop has.

/**
 * q = x / s to the nearest integer from `lowest` to `highest`, y = q s, in float32; s is the parameter of a
 * group. Times the double 1 / s rounds to the same float32 as divided by s: x / s is never so near to the
 * middle of two floats that the error of the reciprocal could decide.
 */
export function toNearestStep(
  values: Float32Array,
  out: Float32Array,
  { bounds, first, last, parameters }: Groups,
  lowest: number,
  highest: number,
): void {
  const low = Math.fround(lowest);
  const high = Math.fround(highest);
  for (let g = first; g < last; g++) {
    const scale = parameters[g - first] ?? 0;
    const inverse = 1 / scale;
    const end = bounds[g + 1] ?? 0;
    for (let i = bounds[g] ?? 0; i < end; i++) {
      let q = roundHalfEven(Math.fround((values[i] ?? 0) * inverse));
      if (q > high) q = high;
      else if (q < low) q = low;
      out[i] = q * scale;
    }
  }
}

/**
 * q = x / s + z to the nearest integer from `lowest` to `highest`, y = (q − z) s, in float32; s and z are
 * the parameters of a group.
 */
export function toNearestShiftedStep(
  values: Float32Array,
  out: Float32Array,
  { bounds, first, last, parameters }: Groups,
  lowest: number,
  highest: number,
): void {
  const low = Math.fround(lowest);
  const high = Math.fround(highest);
  for (let g = first; g < last; g++) {
    const scale = parameters[2 * (g - first)] ?? 0;
    const zeroPoint = parameters[2 * (g - first) + 1] ?? 0;
    const inverse = 1 / scale;
    const end = bounds[g + 1] ?? 0;
    for (let i = bounds[g] ?? 0; i < end; i++) {
      let q = roundHalfEven(Math.fround(Math.fround((values[i] ?? 0) * inverse) + zeroPoint));
      if (q > high) q = high;
      else if (q < low) q = low;
      out[i] = (q - zeroPoint) * scale;
    }
  }
}
