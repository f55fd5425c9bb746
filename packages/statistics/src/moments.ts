export interface Moments {
  readonly n: number;
  /** x̄ = (1/n) Σ xᵢ; 0 of no values. */
  readonly mean: number;
  /** M₂ = Σ (xᵢ − x̄)². */
  readonly m2: number;
  /** s² = M₂ / (n − 1), unbiased; null for fewer than two values. */
  readonly variance: number | null;
  /** Of the mean: √(s² / n); null for fewer than two values. */
  readonly standardError: number | null;
}

/**
 * Mean and spread of a list of values, in float64 and in two passes: deviations are taken from the
 * mean of the first, so that a mean far from zero costs no digits of the variance (Chan, Golub and
 * LeVeque, Algorithms for computing the sample variance, The American Statistician 37, 1983).
 */
export function moments(values: ArrayLike<number>): Moments {
  const n = values.length;
  let sum = 0;
  for (let i = 0; i < n; i++) sum += values[i] ?? 0;
  const mean = n === 0 ? 0 : sum / n;
  let m2 = 0;
  for (let i = 0; i < n; i++) m2 += ((values[i] ?? 0) - mean) ** 2;
  if (n < 2) return { n, mean, m2, variance: null, standardError: null };
  const variance = m2 / (n - 1);
  return { n, mean, m2, variance, standardError: Math.sqrt(variance / n) };
}
