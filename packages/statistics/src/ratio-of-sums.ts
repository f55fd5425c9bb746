export interface RatioOfSums {
  readonly value: number;
  /** Null for fewer than two examples. */
  readonly standardError: number | null;
}

/**
 * R = Σ sₙ / Σ wₙ over examples n, a mean over all their tokens where s is an example's sum and w its
 * number of tokens. To first order its error is that of the mean of sₙ − R wₙ (Cochran, Sampling
 * Techniques, 1977, eq. 6.12 with a small sample's N/(N − 1)):
 *
 *     SE² = N/(N − 1) Σ (sₙ − R wₙ)² / (Σ wₙ)²
 */
export function ratioOfSums(sums: ArrayLike<number>, weights: ArrayLike<number>): RatioOfSums {
  const n = sums.length;
  let [sum, weight] = [0, 0];
  for (let i = 0; i < n; i++) {
    sum += sums[i] ?? Number.NaN;
    weight += weights[i] ?? Number.NaN;
  }
  const value = sum / weight;
  if (n < 2) return { value, standardError: null };
  let squares = 0;
  for (let i = 0; i < n; i++) {
    squares += ((sums[i] ?? Number.NaN) - value * (weights[i] ?? Number.NaN)) ** 2;
  }
  return { value, standardError: Math.sqrt((squares * n) / (n - 1)) / weight };
}
