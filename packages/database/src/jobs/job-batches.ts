import type { PrismaClient } from '../generated/prisma/client.js';
import { parseId } from '../ids.js';
import { findJob } from './find-job.js';
import { toJson } from './job-row.js';

/** One finished batch of an unfinished job. */
export interface FinishedBatch {
  /** Identity of the run the values belong to. A batch of another identity must not be used. */
  readonly identity: string;
  /** Tells the batches of a job apart; saving a key again replaces the batch. */
  readonly key: string;
  /** Positions of the batch's examples in the calibration set. */
  readonly positions: readonly number[];
  /** The batch's values in an order the caller defines; every bit is kept. */
  readonly values: Float64Array;
}

/** What the values of a job's batches are, in their order. */
export interface BatchLayout {
  readonly identity: string;
  readonly parameters: readonly string[];
  readonly routed: readonly string[];
  readonly shapes: readonly (readonly number[])[];
}

/**
 * The batches that an unfinished job has finished, so that its next attempt need not compute them
 * again. They are deleted with the transition that ends the job.
 */
export function createJobBatches(prisma: PrismaClient) {
  return {
    /** Adds a batch. Resolves to false, and stores nothing, unless the job is running. */
    async save(id: string, batch: FinishedBatch): Promise<boolean> {
      const uuid = parseId('job', id);
      const bytes = littleEndian(batch.values);
      const stored = await prisma.$executeRaw`
        INSERT INTO job_checkpoint (job_id, batch_key, identity, positions, "values")
        SELECT id, ${batch.key}, ${batch.identity}, ${batch.positions}::int[], ${bytes}
        FROM job WHERE id = ${uuid}::uuid AND status = 'running'
        ON CONFLICT (job_id, batch_key) DO UPDATE
          SET identity = excluded.identity, positions = excluded.positions, "values" = excluded."values"`;
      return stored > 0;
    },

    /** Says what the batches of a running job hold; those of another identity hold it no more. */
    async describe(id: string, layout: BatchLayout): Promise<void> {
      await prisma.job.updateMany({
        where: { id: parseId('job', id), status: 'running' },
        data: { checkpoint_layout: toJson(layout) },
      });
    },

    /** What the batches hold; undefined until a worker has said it. */
    async layout(id: string): Promise<BatchLayout | undefined> {
      const { checkpoint_layout } = await findJob(prisma, id);
      return (checkpoint_layout ?? undefined) as unknown as BatchLayout | undefined;
    },

    /** Every batch of the job, of whatever identity, in the order they were first saved. */
    async load(id: string): Promise<FinishedBatch[]> {
      const rows = await prisma.jobCheckpoint.findMany({
        where: { job_id: parseId('job', id) },
        orderBy: [{ created_at: 'asc' }, { batch_key: 'asc' }],
      });
      return rows.map(({ identity, batch_key, positions, values }) => ({
        identity,
        key: batch_key,
        positions,
        values: fromLittleEndian(values),
      }));
    },
  };
}

function littleEndian(values: Float64Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(values.length * 8);
  const view = new DataView(bytes.buffer);
  values.forEach((value, index) => {
    view.setFloat64(index * 8, value, true);
  });
  return bytes;
}

function fromLittleEndian(bytes: Uint8Array): Float64Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Float64Array.from({ length: bytes.byteLength / 8 }, (_, index) =>
    view.getFloat64(index * 8, true),
  );
}
