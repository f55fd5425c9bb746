import { nearestInt } from './nearest-int.js';

const f = Math.fround;
const STEP = f(0.1);
const TRIALS = [0, -9, -8, -7, -6, -5, -4, -3, -2, -1, 1, 2, 3, 4, 5, 6, 7, 8, 9];

/** A sub-block whose largest magnitude is smaller counts as zero. */
export const NEGLIGIBLE = f(1e-15);

/**
 * Codes q of −half … half − 1 and a scale s, which may be negative, with s q close to 16 values, errors weighted
 * x²: nineteen trials round the scale that takes the value of largest magnitude to −half, each with the scale
 * of least squares for its codes. Every operation rounds to float32, in the order of llama.cpp's ggml-quants.c
 * (make_qx_quants with rmse_type 1).
 *
 * @param codes codes[at … at + 16) become q + half; 0 where the values count as zero
 * @returns the scale
 */
export function fitScale(
  values: Float32Array,
  at: number,
  half: number,
  codes: Uint8Array,
): number {
  const extreme = valueOfLargestMagnitude(values, at);
  if (Math.abs(extreme) < NEGLIGIBLE) {
    codes.fill(0, at, at + 16);
    return 0;
  }
  let best = Number.NEGATIVE_INFINITY;
  let scale = 0;
  let bestInverse = 0;
  for (const trial of TRIALS) {
    const inverse = f(-f(half + f(STEP * trial)) / extreme);
    let sumXL = 0;
    let sumLL = 0;
    for (let i = at; i < at + 16; i++) {
      const x = values[i] ?? 0;
      const code = clamped(nearestInt(f(inverse * x)), half);
      const w = f(x * x);
      sumXL = f(sumXL + f(f(w * x) * code));
      sumLL = f(sumLL + f(f(w * code) * code));
    }
    // The first trial stays whatever it is, and the others must be better.
    if (trial === 0 || (sumLL > 0 && f(sumXL * sumXL) > f(best * sumLL))) {
      scale = sumLL === 0 ? 0 : f(sumXL / sumLL);
      best = f(scale * sumXL);
      bestInverse = inverse;
    }
  }
  for (let i = at; i < at + 16; i++) {
    codes[i] = half + clamped(nearestInt(f(bestInverse * (values[i] ?? 0))), half);
  }
  return scale;
}

/** The first of 16 values that has the largest magnitude. */
export function valueOfLargestMagnitude(values: Float32Array, at: number): number {
  let extreme = 0;
  for (let i = at; i < at + 16; i++) {
    const x = values[i] ?? 0;
    if (Math.abs(x) > Math.abs(extreme)) extreme = x;
  }
  return extreme;
}

/** The nearest of −half … half − 1. */
export function clamped(code: number, half: number): number {
  return code < -half ? -half : code >= half ? half - 1 : code;
}
