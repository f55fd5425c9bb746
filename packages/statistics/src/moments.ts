export interface Moments {
  readonly n: number;
  readonly mean: number;
  /** Σ (x − mean)². */
  readonly m2: number;
  /** m2 / (n − 1), or null for fewer than two values. */
  readonly variance: number | null;
  /** sqrt(variance / n), or null for fewer than two values. */
  readonly standardError: number | null;
}

/** Mean and spread of a list of values, two-pass in float64. */
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
