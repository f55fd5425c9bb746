import type { Database } from '@layersense/database';
import type { BatchStatistics } from '@layersense/sensitivity';
import type { JobCheckpoint } from './job-services.js';

/**
 * A job's finished batches as rows of the database: per example the loss, then the squared norm of
 * every parameter in the key's order. Values are float64, so a resumed job ends with the same bits.
 */
export function databaseCheckpoint({ jobs }: Database, jobId: string): JobCheckpoint {
  return {
    async load({ identity, parameters }) {
      const batches = await jobs.loadCheckpoint(jobId);
      return batches
        .filter((batch) => batch.identity === identity)
        .map(({ positions, values }) => unpack(parameters, positions, values));
    },
    async append({ identity, parameters }, batch) {
      const { examples } = batch;
      await jobs.saveCheckpoint(jobId, {
        identity,
        // Batches share no example, so the first one tells them apart.
        key: String(examples[0]),
        positions: examples,
        values: pack(parameters, batch),
      });
    },
  };
}

function pack(parameters: readonly string[], batch: BatchStatistics): Float64Array {
  const width = 1 + parameters.length;
  const values = new Float64Array(batch.examples.length * width);
  batch.examples.forEach((_, row) => {
    values[row * width] = batch.losses[row] ?? Number.NaN;
    parameters.forEach((name, i) => {
      values[row * width + 1 + i] = batch.squaredNorms.get(name)?.[row] ?? Number.NaN;
    });
  });
  return values;
}

function unpack(
  parameters: readonly string[],
  examples: readonly number[],
  values: Float64Array,
): BatchStatistics {
  const width = 1 + parameters.length;
  const column = (i: number) => examples.map((_, row) => values[row * width + i] ?? Number.NaN);
  return {
    examples,
    losses: column(0),
    squaredNorms: new Map(parameters.map((name, i) => [name, column(1 + i)])),
  };
}
