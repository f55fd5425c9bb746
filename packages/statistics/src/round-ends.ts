/**
 * How many examples are done at the end of each round of an adaptive run: `first`, then half as many
 * again each time, and `total` in the end. Growing rounds look at the result O(log total) times, so
 * that looking costs little and chance gets few occasions to pass for stability.
 */
export function roundEnds(total: number, first: number): number[] {
  const ends: number[] = [];
  for (let end = first; end < total; end = Math.ceil(1.5 * end)) ends.push(end);
  return [...ends, total];
}
