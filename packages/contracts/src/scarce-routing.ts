import type { LayerScore } from './score.js';

/**
 * The most that the choice of examples by the router may add to the squared relative standard error
 * of an expert's score. docs/maths.md derives it; many examples reach it with ten that were routed.
 */
export const MAX_ROUTING_VARIANCE = 0.1;

/**
 * Whether an expert saw tokens of so few examples that its score says little: 1/m − 1/n of m routed
 * examples out of n is above {@link MAX_ROUTING_VARIANCE}.
 */
export function isScarcelyRouted({
  n,
  routed_examples: routed,
}: Pick<LayerScore, 'n' | 'routed_examples'>): boolean {
  if (n === null || routed === null) return false;
  return routed === 0 || 1 / routed - 1 / n > MAX_ROUTING_VARIANCE;
}
