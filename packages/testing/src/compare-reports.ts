import type { ScoreReport } from '@layersense/contracts';
import { largest, nonEmpty } from './non-empty.js';

/** Of every parameter, the value of every example by its row of the dataset. */
export type ValuesByRow = ReadonlyMap<string, ReadonlyMap<number, number>>;

/**
 * What a report says of every example.
 *
 * @throws Error where the report has no scores, no rows, or a score without a value for every row:
 * a comparison would have nothing to compare, and pass
 */
export function perExampleOf({ run, scores }: ScoreReport): ValuesByRow {
  const rows = nonEmpty(run.dataset?.indices ?? []);
  return new Map(
    nonEmpty(scores).map(({ parameter, per_example: values }) => {
      if (values === undefined) throw new Error(`${parameter} has no per_example`);
      if (values.length !== rows.length) {
        throw new Error(`${parameter} has ${values.length} values for ${rows.length} examples`);
      }
      return [parameter, new Map(rows.map((row, i) => [row, values[i] ?? Number.NaN]))];
    }),
  );
}

/**
 * The largest |a − b| / |b| over parameters and the rows of `a`; `b` may have more rows.
 *
 * @throws Error where there is nothing to compare, parameters differ, or `b` misses a row of `a`
 */
export function largestDifference(a: ScoreReport, b: ScoreReport): number {
  const [ours, others] = [perExampleOf(a), perExampleOf(b)];
  const strangers = [...new Set([...ours.keys(), ...others.keys()])].filter(
    (parameter) => !ours.has(parameter) || !others.has(parameter),
  );
  if (strangers.length > 0) throw new Error(`only one report has ${strangers.join(', ')}`);
  return largest(
    [...ours].flatMap(([parameter, values]) =>
      [...values].map(([row, value]) => {
        const other = others.get(parameter)?.get(row);
        if (other === undefined) throw new Error(`only one report has row ${row} of ${parameter}`);
        return value === other ? 0 : Math.abs(value - other) / Math.abs(other);
      }),
    ),
  );
}
