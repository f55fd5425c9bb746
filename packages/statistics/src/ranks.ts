export interface RankOptions {
  /** Of equal values the one with the smaller number here comes first; the earlier one when absent. */
  readonly ties?: readonly number[];
  /**
   * Whether a value takes a rank: all do when absent. One that takes none has the rank it would
   * take, which the next one takes too.
   */
  readonly counted?: readonly boolean[];
}

/**
 * Ordinal ranks, the one definition of every ranking of layers: rank 1 is the largest value's, no two
 * values that count share a rank, and what has no value (null) comes last.
 *
 *     rankᵢ = 1 + #{ j counted : xⱼ > xᵢ, or xⱼ = xᵢ and j comes before i }
 *
 * @param values in any order, none of them NaN
 * @returns the rank of each, in the order of `values`
 */
export function ranks(
  values: readonly (number | null)[],
  { ties = [], counted = [] }: RankOptions = {},
): number[] {
  const keys = values.map((value) => value ?? Number.NEGATIVE_INFINITY);
  const result = new Array<number>(values.length);
  let rank = 1;
  for (const index of inDescendingOrder(keys, ties)) {
    result[index] = rank;
    if (counted[index] ?? true) rank++;
  }
  return result;
}

/** `items` in their order, each with the rank of its value among them. */
export function rankBy<T extends object>(
  items: readonly T[],
  value: (item: T) => number | null,
  counts: (item: T) => boolean = () => true,
): (T & { rank: number })[] {
  const found = ranks(items.map(value), { counted: items.map(counts) });
  return items.map((item, index) => ({ ...item, rank: found[index] ?? Number.NaN }));
}

/**
 * Fractional ranks, of which Spearman's correlation is made: 1 is the smallest value's, and equal
 * values share the mean of the ranks that they take together (Kendall, Rank Correlation Methods, ch. 3).
 *
 * @param values none of them NaN
 */
export function meanRanks(values: readonly number[]): readonly number[] {
  const result = new Array<number>(values.length);
  const ordered = inDescendingOrder(values, []).reverse();
  for (let start = 0; start < ordered.length; ) {
    const value = values[ordered[start] ?? 0];
    let end = start;
    while (end < ordered.length && values[ordered[end] ?? 0] === value) end++;
    // The ranks from start + 1 to end, on average.
    for (const index of ordered.slice(start, end)) result[index] = (start + 1 + end) / 2;
    start = end;
  }
  return result;
}

/** The indices of the values, that of the largest first. */
function inDescendingOrder(values: readonly number[], ties: readonly number[]): number[] {
  const compare = (a = 0, b = 0): number => (a === b ? 0 : a > b ? -1 : 1);
  return [...values.keys()].sort(
    (i, j) => compare(values[i], values[j]) || compare(ties[j], ties[i]) || i - j,
  );
}
