export interface DynamicRange {
  readonly overMedian: number;
  readonly overSmallest: number;
}

/** How many times the largest of some positive values exceeds their median and the smallest. */
export function dynamicRange(values: readonly number[]): DynamicRange {
  const sorted = values.toSorted((left, right) => left - right);
  const at = (index: number): number => sorted[index] ?? Number.NaN;
  const middle = (sorted.length - 1) / 2;
  const median = (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2;
  const largest = at(sorted.length - 1);
  return { overMedian: largest / median, overSmallest: largest / at(0) };
}
