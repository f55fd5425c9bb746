import type { Database } from '@layersense/database';
import type { BatchStatistics } from '@layersense/sensitivity';
import type { ExampleValues } from './earlier-runs.js';
import type { JobCheckpoint } from './job-services.js';

/**
 * A job's finished batches as rows of the database: per example the loss, then the squared norm of
 * every parameter in the key's order, then the tokens that were sent to those of experts. Values are
 * float64, so a resumed job ends with the same bits.
 */
export function databaseCheckpoint({ jobs }: Database, jobId: string): JobCheckpoint {
  return {
    async load({ identity, ...columns }) {
      const batches = await jobs.loadCheckpoint(jobId);
      return batches
        .filter((batch) => batch.identity === identity)
        .map(({ positions, values }) => unpack(columns, positions, values));
    },
    async append({ identity, ...columns }, batch) {
      const { examples } = batch;
      await jobs.saveCheckpoint(jobId, {
        identity,
        // Batches share no example, so the first one tells them apart.
        key: String(examples[0]),
        positions: examples,
        values: pack(columns, batch),
      });
    },
  };
}

function pack({ parameters, routed }: ExampleValues, batch: BatchStatistics): Float64Array {
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

function unpack(
  { parameters, routed }: ExampleValues,
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
