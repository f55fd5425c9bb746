import { z } from 'zod';

/** The one queue: it says "look at this job" and nothing else; PostgreSQL holds the truth. */
export const SENSITIVITY_QUEUE = 'sensitivity';

/** A job, or with `shard` a part of its examples. */
export const SensitivityJobPayload = z.strictObject({
  jobId: z.string().min(1),
  shard: z.number().int().min(0).optional(),
});
export type SensitivityJobPayload = z.infer<typeof SensitivityJobPayload>;

/**
 * How the queue treats every entry. One delivery and no memory: retries are decided on the job's
 * row, and an id that the queue still remembered as finished could not be added again.
 */
export const SENSITIVITY_JOB_OPTIONS = {
  attempts: 1,
  removeOnComplete: true,
  removeOnFail: true,
} as const;

/** What the queue must know of a job. */
export interface QueuedJob {
  readonly id: string;
  /** Higher ones come first. */
  readonly priority: number;
  /** Into how many its examples are divided; 1 where they are not. */
  readonly shards: number;
}

/** The queue's own priorities count from 1, the most urgent, and none at all would beat them all. */
const QUEUE_PRIORITY_OF_ZERO = 11;

/** An id that is fixed: adding the entry of a job or shard again while it is there changes nothing. */
export function queueEntryId({ jobId, shard }: SensitivityJobPayload): string {
  return shard === undefined ? jobId : `${jobId}.${shard}`;
}

/** All shards of a job of which none has ended. */
export function allShards({ shards }: QueuedJob): readonly number[] {
  return shards === 1 ? [] : Array.from({ length: shards }, (_, shard) => shard);
}

/**
 * The flow of a job, as BullMQ's FlowProducer takes it: the shards that have not ended, then the job
 * itself, which is taken when all of them have.
 */
export function queueFlow({ id: jobId, priority }: QueuedJob, unfinished: readonly number[]) {
  const entry = (data: SensitivityJobPayload) => ({
    name: 'sensitivity',
    queueName: SENSITIVITY_QUEUE,
    data,
    opts: {
      ...SENSITIVITY_JOB_OPTIONS,
      jobId: queueEntryId(data),
      priority: QUEUE_PRIORITY_OF_ZERO - priority,
    },
  });
  const child = (shard: number) => {
    const { opts, ...rest } = entry({ jobId, shard });
    // A shard that failed has failed the job in its row, where whoever takes the job will see it.
    return { ...rest, opts: { ...opts, ignoreDependencyOnFailure: true } };
  };
  return { ...entry({ jobId }), children: unfinished.map(child) };
}
