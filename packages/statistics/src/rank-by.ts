/**
 * Adds `rank`, 1 for the largest value; equal values keep their order. The order is unchanged. An
 * item that does not count has the rank it would take, and takes none from the others.
 */
export function rankBy<T extends object>(
  items: readonly T[],
  value: (item: T) => number,
  counts: (item: T) => boolean = () => true,
): (T & { rank: number })[] {
  const ranks = new Map<T, number>();
  let rank = 1;
  for (const item of items.toSorted((a, b) => value(b) - value(a))) {
    ranks.set(item, rank);
    if (counts(item)) rank++;
  }
  return items.map((item) => ({ ...item, rank: ranks.get(item) ?? items.length }));
}
