import { studentT975 } from './student-t.js';

/**
 * The 95 % interval of a mean over n examples, mean ± t · standard error with Student's t of n − 1
 * degrees of freedom; null where there is no standard error. Every `confidence_interval` is this one.
 */
export function confidenceInterval(
  mean: number | null,
  standardError: number | null,
  n: number | null,
): [number, number] | null {
  if (mean === null || standardError === null || n === null || n < 2) return null;
  const margin = studentT975(n - 1) * standardError;
  return [mean - margin, mean + margin];
}
