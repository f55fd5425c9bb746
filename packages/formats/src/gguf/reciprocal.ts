/** 1 / d in float32, and 0 of 0. */
export function reciprocal(d: number): number {
  return d === 0 ? 0 : Math.fround(1 / d);
}
