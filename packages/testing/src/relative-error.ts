import { largest } from './non-empty.js';

/**
 * Largest relative difference between two lists. Where PyTorch says zero but for the rounding of
 * float64 (a position that can only look at itself gives its query no gradient; the bias of a key
 * shifts all scores alike) anything below 1e-9 counts as equal.
 *
 * @throws Error where there is nothing to compare, or the lists have not the same length
 */
export function largestRelativeError(
  actual: ArrayLike<number> | null | undefined,
  expected: readonly number[] | undefined,
): number {
  if (actual?.length === undefined || actual.length !== expected?.length) {
    throw new Error(`${actual?.length} values cannot be compared with ${expected?.length}`);
  }
  return largest(
    expected.map((value, i) => {
      const difference = Math.abs((actual[i] ?? Number.NaN) - value);
      return value < 1e-20 && difference < 1e-9 ? 0 : difference / value;
    }),
  );
}
