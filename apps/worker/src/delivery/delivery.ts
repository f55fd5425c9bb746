import type { Job } from '@layersense/contracts';
import type { JobsRepository } from '@layersense/database';
import type { SensitivityJobPayload } from '@layersense/queue';

/** An attempt at a job, or at one of its shards. */
export interface Attempt {
  readonly job: Job;
  /** From 1. */
  readonly number: number;
}

/** What an entry of the queue stands for: a whole job, or one of its shards. */
export interface Delivery {
  /** Undefined when there is nothing to compute; `early` while shards of the job are computed. */
  start(): Promise<Attempt | 'early' | undefined>;
  /** Leaves the rest to another attempt. */
  handBack(options: { attemptCounts: boolean }): Promise<boolean>;
}

export function deliveryOf(
  { jobId, shard }: SensitivityJobPayload,
  jobs: JobsRepository,
  workerId: string,
): Delivery {
  if (shard === undefined) return deliveryOfJob(jobId, jobs, workerId);
  return {
    start: async () => {
      const started = await jobs.shards.start(jobId, shard, { workerId });
      return started && { job: started.job, number: started.attempt };
    },
    handBack: (options) => jobs.shards.requeue(jobId, shard, options),
  };
}

function deliveryOfJob(jobId: string, jobs: JobsRepository, workerId: string): Delivery {
  return {
    start: async () => {
      // The queue holds a job back until its shards have ended, and may have lost one of them.
      if ((await jobs.shards.unfinished(jobId)).length > 0) return 'early';
      const job = await jobs.transitions.start(jobId, { workerId });
      return job && { job, number: job.attempt };
    },
    handBack: (options) => jobs.transitions.requeue(jobId, options),
  };
}
