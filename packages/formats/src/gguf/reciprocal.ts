/** 1 / d in float32; 0 of 0, and where it overflows, so that all codes of the block are those of 0. */
export function reciprocal(d: number): number {
  const inverse = Math.fround(1 / d);
  return Number.isFinite(inverse) ? inverse : 0;
}
