import {
  type FormatTotal,
  type MarginalGroups,
  type MatrixDamage,
  type PredictedDamage,
  wholeOf,
} from '@layersense/contracts';
import {
  type Damage,
  damageWithError,
  type GroupedDamage,
  groupedDamage,
  jointDamage,
} from './priced-damage.js';

/** What matrices of one format come to together. */
interface Joint {
  readonly numel: number;
  readonly bits: number;
  readonly scalarKl: number;
  /** The prices of those that have marginals, and the scalar form of the others. */
  readonly kl: number;
  /** Of the scalar form, where no matrix has marginals. */
  readonly scalarError: number | null;
  /** Undefined where one of them has no marginals. */
  readonly damage: GroupedDamage | undefined;
}

/**
 * What is predicted of every matrix in every format, and of a packed weight and of experts in one tensor
 * what their parts add up to, in front of these: those of one weight are of one number of inputs, so that a
 * format fits all of them or none.
 *
 * @param groups of the marginals; null where there are none
 */
export function predictedDamage(
  matrices: readonly MatrixDamage[],
  groups: MarginalGroups | null,
): readonly PredictedDamage[] {
  const tokens = targetsOf(groups);
  const byWhole = new Map<string, MatrixDamage[]>();
  for (const matrix of matrices) {
    const key = `${matrix.format}\n${wholeOf(matrix.parameter) ?? matrix.parameter}`;
    byWhole.set(key, [...(byWhole.get(key) ?? []), matrix]);
  }
  return [...byWhole.values()].flatMap((together) => {
    const each = together.map((matrix) =>
      predicted(matrix.parameter, matrix.format, jointOf([matrix], tokens), tokens),
    );
    const [first] = together;
    const whole = first && wholeOf(first.parameter);
    if (first === undefined || whole === undefined) return each;
    return [predicted(whole, first.format, jointOf(together, tokens), tokens), ...each];
  });
}

/** What all matrices that have a format come to in it, by format in the order of the first of each. */
export function formatTotals(
  matrices: readonly MatrixDamage[],
  groups: MarginalGroups | null,
): readonly FormatTotal[] {
  const tokens = targetsOf(groups);
  return [...new Set(matrices.map(({ format }) => format))].map((format) => {
    const own = matrices.filter((matrix) => matrix.format === format);
    const joint = jointOf(own, tokens);
    const { predictedKl, standardError, confidenceInterval } = errorOf(joint, tokens);
    return {
      format,
      matrices: own.length,
      predicted_kl: predictedKl,
      standard_error: standardError,
      confidence_interval: shown(confidenceInterval),
      bits_per_weight: joint.bits / joint.numel,
    };
  });
}

function targetsOf(groups: MarginalGroups | null): readonly number[] {
  return (groups ?? []).map(({ targets }) => targets);
}

function jointOf(matrices: readonly MatrixDamage[], tokens: readonly number[]): Joint {
  const total = (of: (matrix: MatrixDamage) => number) =>
    matrices.reduce((sum, matrix) => sum + of(matrix), 0);
  const prices = matrices.map(({ products }) => products && groupedDamage(products, tokens));
  const priced = prices.filter((price) => price !== undefined);
  const scalarErrors = matrices.map(({ scalarError }) => scalarError);
  return {
    numel: total(({ numel }) => numel),
    bits: total(({ numel, bitsPerWeight }) => numel * bitsPerWeight),
    scalarKl: total(({ scalarKl }) => scalarKl),
    kl: matrices.reduce((sum, { scalarKl }, i) => sum + (prices[i]?.all ?? scalarKl), 0),
    // The examples are the same for all, so their errors may go together: the sum is the most they can be.
    scalarError:
      priced.length > 0 || scalarErrors.includes(null)
        ? null
        : total((each) => each.scalarError ?? 0),
    damage: priced.length === matrices.length ? jointDamage(priced, tokens.length) : undefined,
  };
}

function errorOf({ damage, kl, scalarError }: Joint, tokens: readonly number[]): Damage {
  if (damage) return damageWithError(damage, tokens);
  return { predictedKl: kl, standardError: scalarError, confidenceInterval: null };
}

function predicted(
  parameter: string,
  format: string,
  joint: Joint,
  tokens: readonly number[],
): PredictedDamage {
  const { predictedKl, standardError, confidenceInterval } = errorOf(joint, tokens);
  return {
    parameter,
    format,
    predicted_kl: predictedKl,
    standard_error: standardError,
    confidence_interval: shown(confidenceInterval),
    tier: joint.damage ? 'priced' : 'scalar',
    bits_per_weight: joint.bits / joint.numel,
    scalar_kl: joint.scalarKl,
  };
}

const shown = (interval: Damage['confidenceInterval']): [number, number] | null =>
  interval && [...interval];
