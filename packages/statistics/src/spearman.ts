import { moments } from './moments.js';
import { meanRanks } from './ranks.js';

/**
 * Spearman's rank correlation of two equally long lists: Pearson's correlation of their ranks,
 *
 *     ρ = Σ (rᵢ − r̄)(sᵢ − s̄) / √( Σ (rᵢ − r̄)² · Σ (sᵢ − s̄)² )
 *
 * with equal values sharing their mean rank, which makes it exact where there are ties (Spearman 1904;
 * Kendall, Rank Correlation Methods, ch. 3). NaN where a list has fewer than two different values.
 */
export function spearman(xs: readonly number[], ys: readonly number[]): number {
  return pearson(meanRanks(xs), meanRanks(ys));
}

function pearson(xs: readonly number[], ys: readonly number[]): number {
  const [x, y] = [moments(xs), moments(ys)];
  const products = xs.map((each, i) => (each - x.mean) * ((ys[i] ?? Number.NaN) - y.mean));
  const covariance = products.reduce((total, product) => total + product, 0);
  return covariance / Math.sqrt(x.m2 * y.m2);
}
