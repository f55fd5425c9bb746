import { clamped, NEGLIGIBLE, valueOfLargestMagnitude } from './fit-scale.js';
import { nearestInt } from './nearest-int.js';

const f = Math.fround;

/**
 * Codes q of −half … half − 1 and a scale s with s·q close to the values of one sub-block of 16, errors
 * weighted by the square of the value: from rounded codes on, each code in turn becomes the best one for the
 * scale that the other 15 give, while that lowers the error, at most five times round. Every operation rounds
 * to float32 in the order of llama.cpp's ggml-quants.c (`make_q3_quants`).
 *
 * @param values the sub-block is values[at … at + 16)
 * @param codes codes[at …] become q + half; all 0 for a sub-block that counts as zero
 * @returns the scale
 */
export function refineScale(
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
  const inverse = f(-half / extreme);
  let sumXL = 0;
  let sumLL = 0;
  for (let i = 0; i < 16; i++) {
    const x = values[at + i] ?? 0;
    const code = clamped(nearestInt(f(inverse * x)), half);
    codes[at + i] = code + half;
    const w = f(x * x);
    sumXL = f(sumXL + f(f(w * x) * code));
    sumLL = f(sumLL + f(f(w * code) * code));
  }
  for (let round = 0; round < 5; round++) {
    let changed = false;
    for (let i = 0; i < 16; i++) {
      const x = values[at + i] ?? 0;
      const code = (codes[at + i] ?? 0) - half;
      const w = f(x * x);
      const wx = f(w * x);
      const othersXL = f(sumXL - f(wx * code));
      if (!(othersXL > 0)) continue;
      const othersLL = f(sumLL - f(f(w * code) * code));
      const better = clamped(nearestInt(f(f(x * othersLL) / othersXL)), half);
      if (better === code) continue;
      const newXL = f(othersXL + f(wx * better));
      const newLL = f(othersLL + f(f(w * better) * better));
      if (newLL > 0 && f(f(newXL * newXL) * sumLL) > f(f(sumXL * sumXL) * newLL)) {
        codes[at + i] = better + half;
        sumXL = newXL;
        sumLL = newLL;
        changed = true;
      }
    }
    if (!changed) break;
  }
  return sumLL > 0 ? f(sumXL / sumLL) : 0;
}
