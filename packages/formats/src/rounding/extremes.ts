/** The largest magnitude of a group. */
export function largestMagnitude(values: Float32Array, start: number, end: number): number {
  let largest = 0;
  for (let i = start; i < end; i++) {
    const magnitude = Math.abs(values[i] ?? 0);
    if (magnitude > largest) largest = magnitude;
  }
  return largest;
}

/** The largest value of a group, and 0 where all are below it. */
export function largestOrZero(values: Float32Array, start: number, end: number): number {
  let largest = 0;
  for (let i = start; i < end; i++) {
    const value = values[i] ?? 0;
    if (value > largest) largest = value;
  }
  return largest;
}

/** The smallest value of a group, and 0 where all are above it. */
export function smallestOrZero(values: Float32Array, start: number, end: number): number {
  let smallest = 0;
  for (let i = start; i < end; i++) {
    const value = values[i] ?? 0;
    if (value < smallest) smallest = value;
  }
  return smallest;
}
