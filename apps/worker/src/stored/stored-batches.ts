import { createHash } from 'node:crypto';
import type { Database } from '@layersense/database';
import { packBatch, unpackBatch } from '@layersense/runs';
import type { FinishedBatches } from '@layersense/scoring';

/**
 * A job's finished batches as rows of the database. Values are float64, so a resumed job ends with the
 * same bits. What their columns are is stored before them, for those who ask for scores meanwhile.
 */
export function storedBatches({ jobs }: Database, jobId: string): FinishedBatches {
  let described = false;
  return {
    async load({ identity, ...columns }) {
      const batches = await jobs.batches.load(jobId);
      return batches
        .filter((batch) => batch.identity === identity)
        .map(({ positions, values }) => unpackBatch(columns, positions, values));
    },
    async append({ identity, shapes, ...columns }, batch) {
      if (shapes && !described) {
        const { parameters, routed } = columns;
        const shapesInOrder = parameters.map((name) => shapes.get(name) ?? []);
        await jobs.batches.describe(jobId, {
          identity,
          parameters,
          routed,
          shapes: shapesInOrder,
        });
        described = true;
      }
      const { examples } = batch;
      await jobs.batches.save(jobId, {
        identity,
        // A smaller plan makes other batches, some of whose examples are in those before.
        key: hashOf(examples),
        positions: examples,
        values: packBatch(columns, batch),
      });
    },
    async loadValues(identity) {
      const batches = await jobs.batches.load(jobId);
      return batches
        .filter((batch) => batch.identity === identity)
        .map(({ key, positions, values }) => ({ of: key.split(' ')[0] ?? '', positions, values }));
    },
    async appendValues(identity, { of, positions, values }) {
      const key = `${of} ${hashOf(positions)}`;
      await jobs.batches.save(jobId, { identity, key, positions, values });
    },
  };
}

function hashOf(positions: readonly number[]): string {
  return createHash('sha256').update(positions.join()).digest('hex');
}
