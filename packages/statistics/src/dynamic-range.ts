export interface DynamicRange {
  readonly overMedian: number;
  readonly overSmallest: number;
}

/** max x / median x and max x / min x: how far the largest of some positive values is from the rest. */
export function dynamicRange(values: readonly number[]): DynamicRange {
  const largest = Math.max(...values);
  return { overMedian: largest / median(values), overSmallest: largest / Math.min(...values) };
}

/** The middle value in order, or the mean of the middle two; NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right);
  const middle = (sorted.length - 1) / 2;
  const [low = Number.NaN, high = Number.NaN] = [
    sorted[Math.floor(middle)],
    sorted[Math.ceil(middle)],
  ];
  return (low + high) / 2;
}
