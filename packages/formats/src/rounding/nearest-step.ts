import { roundHalfEven } from './round-half-even.js';

// The loops of formats are functions of numbers: in a closure over these they take twice the time.

/**
 * q = x / s to the nearest integer from `lowest` to `highest`, y = q s, in float32. Times the double 1 / s
 * rounds to the same float32 as divided by s: x / s is never so near to the middle of two floats that the
 * error of the reciprocal could decide.
 */
export function toNearestStep(
  values: Float32Array,
  start: number,
  end: number,
  out: Float32Array,
  scale: number,
  lowest: number,
  highest: number,
): void {
  const inverse = 1 / scale;
  for (let i = start; i < end; i++) {
    const q = roundHalfEven(Math.fround((values[i] ?? 0) * inverse));
    out[i] = Math.min(Math.max(q, lowest), highest) * scale;
  }
}

/** q = x / s + z to the nearest integer from `lowest` to `highest`, y = (q − z) s, in float32. */
export function toNearestShiftedStep(
  values: Float32Array,
  start: number,
  end: number,
  out: Float32Array,
  scale: number,
  zeroPoint: number,
  lowest: number,
  highest: number,
): void {
  const inverse = 1 / scale;
  for (let i = start; i < end; i++) {
    const q = roundHalfEven(Math.fround(Math.fround((values[i] ?? 0) * inverse) + zeroPoint));
    out[i] = (Math.min(Math.max(q, lowest), highest) - zeroPoint) * scale;
  }
}
