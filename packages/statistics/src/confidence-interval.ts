import { studentT975 } from './student-t.js';

/**
 * The 95 % confidence interval of a mean over n examples, x̄ ± t₀.₉₇₅(n − 1) · s/√n with the quantile of
 * Student's t of n − 1 degrees of freedom (Student, The probable error of a mean, Biometrika 6, 1908);
 * null where there is no standard error. Every `confidence_interval` is this one.
 *
 * @param standardError s/√n
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
