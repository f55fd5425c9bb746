/** Adds `rank`, 1 for the largest value; equal values keep their order. The order is unchanged. */
export function rankBy<T extends object>(
  items: readonly T[],
  value: (item: T) => number,
): (T & { rank: number })[] {
  const order = items.map((_, i) => i).sort((a, b) => valueAt(b) - valueAt(a));
  const ranks = new Map(order.map((index, position) => [index, position + 1]));
  return items.map((item, i) => ({ ...item, rank: ranks.get(i) ?? items.length }));

  function valueAt(index: number): number {
    const item = items[index];
    return item === undefined ? Number.NEGATIVE_INFINITY : value(item);
  }
}
