/**
 * How many values differ, in any bit but the sign of a zero.
 *
 * @throws Error where there is nothing to compare, or the lists have not the same length
 */
export function differing(actual: Float32Array, expected: Float32Array): number {
  if (actual.length !== expected.length || actual.length === 0) {
    throw new Error(`${actual.length} values cannot be compared with ${expected.length}`);
  }
  return actual.filter((value, i) => {
    const other = expected[i] ?? 0;
    return value !== other && !(Number.isNaN(value) && Number.isNaN(other));
  }).length;
}
