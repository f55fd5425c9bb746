import { largestOrZero, smallestOrZero } from '../rounding/extremes.js';
import type { RoundGroup } from '../rounding/groupwise.js';

/** The value of largest magnitude becomes the lowest code; its scale may be negative. */
export function symmetricBlocks(bits: number): RoundGroup {
  const half = 2 ** (bits - 1);
  return ({ values, bits: words }, start, end, out) => {
    const most = largestOrZero(words, start, end);
    const least = smallestOrZero(words, start, end);
    const scale = Math.fround((most > -least ? most : least) / -half);
    round(values, start, end, out, scale, half, 2 * half - 1);
  };
}

export function asymmetricBlocks(bits: number): RoundGroup {
  const steps = 2 ** bits - 1;
  return ({ values, bits: words }, start, end, out) => {
    const least = smallestOrZero(words, start, end);
    const range = Math.fround(largestOrZero(words, start, end) - least);
    const scale = Math.fround(range / steps);
    const exact = scale === 0 ? 0 : Math.fround(-least / scale);
    const zeroPoint = Math.floor(Math.min(Math.max(exact, 0), steps) + 0.5);
    round(values, start, end, out, scale, zeroPoint, steps);
  };
}

/** q = x (1 / s) + z to the nearest from 0 to `highest`, halves away from zero, y = (q − z) s. */
function round(
  values: Float32Array,
  start: number,
  end: number,
  out: Float32Array,
  scale: number,
  zeroPoint: number,
  highest: number,
): void {
  const inverse = scale === 0 ? 0 : Math.fround(1 / scale);
  for (let i = start; i < end; i++) {
    const exact = Math.fround(Math.fround((values[i] ?? 0) * inverse) + zeroPoint);
    out[i] = (Math.floor(Math.min(Math.max(exact, 0), highest) + 0.5) - zeroPoint) * scale;
  }
}
