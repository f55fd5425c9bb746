import { EXAMPLE_GROUPS, type GroupedProducts } from '@layersense/contracts';
import { confidenceInterval } from '@layersense/statistics';

/** Predicted damage in nats per token: KL(model ‖ model with the matrix in the format). */
export interface Damage {
  readonly predictedKl: number;
  /** Null with fewer than eight groups that have examples. */
  readonly standardError: number | null;
  readonly confidenceInterval: readonly [number, number] | null;
}

/** The damage over all groups, and over all but each. */
export interface GroupedDamage {
  readonly all: number;
  /** By group: what the others alone predict. */
  readonly without: readonly number[];
}

/**
 * ½ Σ_gh B[g,h] / Σ_g R_g / Σ_g T_g with R_g = Σ_a r_g,a and T_g the group's tokens: over all groups, and
 * over all but each, where what divides leaves the group out as well.
 *
 * @param tokens by group, the targets that carry loss
 */
export function groupedDamage(
  { products, sums }: GroupedProducts,
  tokens: readonly number[],
): GroupedDamage {
  const groups = [...tokens.keys()];
  const over = (kept: readonly number[]) => {
    const gradient = total(kept.map((g) => sums[g] ?? Number.NaN));
    const pairs = kept.flatMap((g) =>
      kept.map((h) => products[g * tokens.length + h] ?? Number.NaN),
    );
    const targets = total(kept.map((g) => tokens[g] ?? Number.NaN));
    // Where no example has a gradient, as of an expert that saw none, nothing is predicted to change.
    return gradient === 0 ? 0 : total(pairs) / gradient / targets / 2;
  };
  return { all: over(groups), without: groups.map((g) => over(groups.filter((h) => h !== g))) };
}

/** What matrices in their formats come to together: damage adds up. */
export function jointDamage(parts: readonly GroupedDamage[], groups: number): GroupedDamage {
  return {
    all: total(parts.map(({ all }) => all)),
    without: Array.from({ length: groups }, (_, g) =>
      total(parts.map(({ without }) => without[g] ?? Number.NaN)),
    ),
  };
}

/**
 * The damage with the standard error of the jackknife over the groups, √(7/8 Σ (D₋g − D̄)²), and 95 % by
 * Student's t of 7 degrees of freedom (Tukey 1958; Efron and Stein 1981). It covers which examples and
 * labels were drawn, not the approximation.
 *
 * @param tokens by group; a group without any has no examples
 */
export function damageWithError(
  { all, without }: GroupedDamage,
  tokens: readonly number[],
): Damage {
  const filled = tokens.filter((count) => count > 0).length;
  if (filled < EXAMPLE_GROUPS) {
    return { predictedKl: all, standardError: null, confidenceInterval: null };
  }
  const mean = total(without) / without.length;
  const squares = total(without.map((value) => (value - mean) ** 2));
  const standardError = Math.sqrt((squares * (without.length - 1)) / without.length);
  return {
    predictedKl: all,
    standardError,
    confidenceInterval: confidenceInterval(all, standardError, without.length),
  };
}

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}
