import type { BatchStatistics } from './fisher-accumulator.js';

/** What the columns of a batch's stored values are. */
export interface BatchColumns {
  readonly parameters: readonly string[];
  /** Those of `parameters` that belong to experts. */
  readonly routed: readonly string[];
}

/**
 * A batch as one list of numbers: per example the loss, then the squared norm of every parameter in
 * their order, then the tokens that were sent to those of experts. Every bit is kept.
 */
export function packBatch(
  { parameters, routed }: BatchColumns,
  batch: BatchStatistics,
): Float64Array {
  const columns = [
    batch.losses,
    ...parameters.map((name) => batch.squaredNorms.get(name)),
    ...routed.map((name) => batch.routedTokens.get(name)),
  ];
  const width = columns.length;
  const values = new Float64Array(batch.examples.length * width);
  batch.examples.forEach((_, row) => {
    columns.forEach((column, i) => {
      values[row * width + i] = column?.[row] ?? Number.NaN;
    });
  });
  return values;
}

/** The batch that `packBatch` was given. */
export function unpackBatch(
  { parameters, routed }: BatchColumns,
  examples: readonly number[],
  values: Float64Array,
): BatchStatistics {
  const width = 1 + parameters.length + routed.length;
  const column = (i: number) => examples.map((_, row) => values[row * width + i] ?? Number.NaN);
  const columnsFrom = (start: number, names: readonly string[]) =>
    new Map(names.map((name, i) => [name, column(start + i)]));
  return {
    examples,
    losses: column(0),
    squaredNorms: columnsFrom(1, parameters),
    routedTokens: columnsFrom(1 + parameters.length, routed),
  };
}
