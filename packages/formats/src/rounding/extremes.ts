/**
 * Extremes of a group, from the bits of its values: those of positive floats have the order of the
 * floats. Integers have a maximum without a branch, and four of them do not wait for each other, which
 * is three times as fast: whether a weight is larger than all before it cannot be predicted.
 */

const MAGNITUDE = 0x7fffffff;

const float = new Float32Array(1);
const floatBits = new Int32Array(float.buffer);

/** The largest magnitude. */
export function largestMagnitude(bits: Int32Array, start: number, end: number): number {
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  let i = start;
  for (; i + 3 < end; i += 4) {
    a = larger(a, (bits[i] ?? 0) & MAGNITUDE);
    b = larger(b, (bits[i + 1] ?? 0) & MAGNITUDE);
    c = larger(c, (bits[i + 2] ?? 0) & MAGNITUDE);
    d = larger(d, (bits[i + 3] ?? 0) & MAGNITUDE);
  }
  for (; i < end; i++) a = larger(a, (bits[i] ?? 0) & MAGNITUDE);
  return floatOf(larger(larger(a, b), larger(c, d)));
}

/** The largest value, and 0 where none is above it. */
export function largestOrZero(bits: Int32Array, start: number, end: number): number {
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  let i = start;
  for (; i + 3 < end; i += 4) {
    a = larger(a, positive(bits[i] ?? 0));
    b = larger(b, positive(bits[i + 1] ?? 0));
    c = larger(c, positive(bits[i + 2] ?? 0));
    d = larger(d, positive(bits[i + 3] ?? 0));
  }
  for (; i < end; i++) a = larger(a, positive(bits[i] ?? 0));
  return floatOf(larger(larger(a, b), larger(c, d)));
}

/** The smallest value, and 0 where none is below it. */
export function smallestOrZero(bits: Int32Array, start: number, end: number): number {
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  let i = start;
  for (; i + 3 < end; i += 4) {
    a = larger(a, negative(bits[i] ?? 0));
    b = larger(b, negative(bits[i + 1] ?? 0));
    c = larger(c, negative(bits[i + 2] ?? 0));
    d = larger(d, negative(bits[i + 3] ?? 0));
  }
  for (; i < end; i++) a = larger(a, negative(bits[i] ?? 0));
  return -floatOf(larger(larger(a, b), larger(c, d)));
}

/** The largest value of a group that is not empty. */
export function largest(bits: Int32Array, start: number, end: number): number {
  const positive = largestOrZero(bits, start, end);
  return positive > 0 ? positive : -leastMagnitude(bits, start, end);
}

/** The smallest value of a group that is not empty. */
export function smallest(bits: Int32Array, start: number, end: number): number {
  const negative = smallestOrZero(bits, start, end);
  return negative < 0 ? negative : leastMagnitude(bits, start, end);
}

/** The least magnitude, for the rare groups of one sign. */
function leastMagnitude(bits: Int32Array, start: number, end: number): number {
  let least = MAGNITUDE;
  for (let i = start; i < end; i++) least = Math.min(least, (bits[i] ?? 0) & MAGNITUDE);
  return floatOf(least);
}

/** The larger of two integers that are not negative. */
function larger(left: number, right: number): number {
  return left + ((right - left) & ((left - right) >> 31));
}

/** The bits of a positive value, and 0 of others. */
function positive(bits: number): number {
  return bits & ~(bits >> 31);
}

/** The bits of a negative value's magnitude, and 0 of others. */
function negative(bits: number): number {
  return bits & (bits >> 31) & MAGNITUDE;
}

function floatOf(bits: number): number {
  floatBits[0] = bits;
  return float[0] ?? 0;
}
