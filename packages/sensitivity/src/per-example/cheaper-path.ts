import { exampleRows } from './example-rows.js';
import type { MatrixUse, StatisticContext } from './statistic-context.js';

/**
 * Whether a matrix's statistics come from Gram matrices: where these take fewer multiply-adds per
 * example than its gradient does, or where `path` says so.
 */
export function useGram(
  context: StatisticContext,
  shape: readonly number[],
  uses: readonly MatrixUse[],
): boolean {
  const { g, batch, path, cotangentOf, marginals } = context;
  // A chunked head leaves nothing but Gram products.
  if (uses.some(({ kind }) => kind === 'head')) return true;
  if (path !== 'auto') return path === 'gram';
  const rows = uses.map((use) => exampleRows(g, cotangentOf(use.output), batch).shape[1] ?? 0);
  return marginals
    ? gramMarginalsCost(shape, uses, rows) < explicitMarginalsCost(shape, rows)
    : gramCost(shape, rows) < explicitCost(shape, rows);
}

/** A use of W [N, K] by T rows takes T²(K + N); a pair of uses takes the same again. */
function gramCost([n = 1, k = 1]: readonly number[], rows: readonly number[]): number {
  return rows.reduce((sum, t) => sum + t * t * (n + k), 0) * ((rows.length + 1) / 2);
}

/** T·K·N. */
function explicitCost([n = 1, k = 1]: readonly number[], rows: readonly number[]): number {
  return rows.reduce((sum, t) => sum + t * n * k, 0);
}

/**
 * Each pair of uses, by T and S rows, takes T·S·(K + N) for its Gram matrices, as much again for their
 * products with the factors, and T·S for the norm. What is as wide as a table of tokens is never
 * multiplied where one use is a lookup: 2·T·S·K and a few T·S.
 */
function gramMarginalsCost(
  [n = 1, k = 1]: readonly number[],
  uses: readonly MatrixUse[],
  rows: readonly number[],
): number {
  const pairs = uses.flatMap((u, i) => uses.slice(i).map((v, j) => ({ u, v, i, j: i + j })));
  return pairs.reduce((sum, { u, v, i, j }) => {
    const isLookup = u.kind === 'embedding' || v.kind === 'embedding';
    const width = isLookup ? 2 * k + 3 : 2 * (n + k) + 1;
    return sum + (rows[i] ?? 0) * (rows[j] ?? 0) * width;
  }, 0);
}

/** The gradient, and two passes over its squares. */
function explicitMarginalsCost(shape: readonly number[], rows: readonly number[]): number {
  return explicitCost(shape, [...rows, 2]);
}
