import type { Groups } from './groups.js';

// Extremes come from the bits of the values, since those of floats without a sign have the order of the
// floats: integers have a maximum without a branch, and whether a weight is larger than all before it
// cannot be predicted. That, and maxima that do not wait for each other, is three times as fast.

const MAGNITUDE = 0x7fffffff;

const float = new Float32Array(1);
const floatBits = new Int32Array(float.buffer);

/** The largest magnitude of values[start, end). */
export function largestMagnitude(bits: Int32Array, start: number, end: number): number {
  const parameters = new Float64Array(1);
  const bounds = Int32Array.of(start, end);
  largestMagnitudes(bits, { bounds, first: 0, last: 1, parameters }, 1);
  return parameters[0] ?? 0;
}

/** Writes the largest magnitude of each group to the first of its `width` parameters. */
export function largestMagnitudes(
  bits: Int32Array,
  { bounds, first, last, parameters }: Groups,
  width: number,
): void {
  for (let g = first; g < last; g++) {
    const end = bounds[g + 1] ?? 0;
    let i = bounds[g] ?? 0;
    let a = 0;
    let b = 0;
    let c = 0;
    let d = 0;
    for (; i + 3 < end; i += 4) {
      a = larger(a, (bits[i] ?? 0) & MAGNITUDE);
      b = larger(b, (bits[i + 1] ?? 0) & MAGNITUDE);
      c = larger(c, (bits[i + 2] ?? 0) & MAGNITUDE);
      d = larger(d, (bits[i + 3] ?? 0) & MAGNITUDE);
    }
    for (; i < end; i++) a = larger(a, (bits[i] ?? 0) & MAGNITUDE);
    floatBits[0] = larger(larger(a, b), larger(c, d));
    parameters[(g - first) * width] = float[0] ?? 0;
  }
}

/** Writes the least and the largest of the values of each group and 0 to the first of its `width` parameters. */
export function rangesWithZero(
  bits: Int32Array,
  { bounds, first, last, parameters }: Groups,
  width: number,
): void {
  for (let g = first; g < last; g++) {
    const end = bounds[g + 1] ?? 0;
    let i = bounds[g] ?? 0;
    let above = 0;
    let below = 0;
    let otherAbove = 0;
    let otherBelow = 0;
    for (; i + 1 < end; i += 2) {
      const word = bits[i] ?? 0;
      const other = bits[i + 1] ?? 0;
      above = larger(above, word & MAGNITUDE & ~(word >> 31));
      below = larger(below, word & MAGNITUDE & (word >> 31));
      otherAbove = larger(otherAbove, other & MAGNITUDE & ~(other >> 31));
      otherBelow = larger(otherBelow, other & MAGNITUDE & (other >> 31));
    }
    if (i < end) {
      const word = bits[i] ?? 0;
      above = larger(above, word & MAGNITUDE & ~(word >> 31));
      below = larger(below, word & MAGNITUDE & (word >> 31));
    }
    floatBits[0] = larger(below, otherBelow);
    parameters[(g - first) * width] = -(float[0] ?? 0);
    floatBits[0] = larger(above, otherAbove);
    parameters[(g - first) * width + 1] = float[0] ?? 0;
  }
}

/** Writes the least and the largest value of each group to the first of its `width` parameters. */
export function ranges(bits: Int32Array, groups: Groups, width: number): void {
  rangesWithZero(bits, groups, width);
  const { bounds, first, last, parameters } = groups;
  for (let g = first; g < last; g++) {
    const at = (g - first) * width;
    const oneSigned = parameters[at] === 0 || parameters[at + 1] === 0;
    if (!oneSigned) continue;
    const nearest = leastMagnitude(bits, bounds[g] ?? 0, bounds[g + 1] ?? 0);
    if (parameters[at] === 0) parameters[at] = nearest;
    else parameters[at + 1] = -nearest;
  }
}

function leastMagnitude(bits: Int32Array, start: number, end: number): number {
  let least = MAGNITUDE;
  for (let i = start; i < end; i++) least = Math.min(least, (bits[i] ?? 0) & MAGNITUDE);
  floatBits[0] = least;
  return float[0] ?? 0;
}

/** The larger of two integers that are not negative. */
function larger(left: number, right: number): number {
  return left + ((right - left) & ((left - right) >> 31));
}
