import type { Job, ListJobsQuery, Progress } from '@layersense/contracts';
import type { PrismaClient } from '../generated/prisma/client.js';
import { parseId } from '../ids.js';
import { findJob } from './find-job.js';
import { createIdempotencyKeys, type IdempotencyKey } from './idempotency-keys.js';
import { createJobBatches } from './job-batches.js';
import { type CreatedJob, createJobOnce, insertJob, type NewJob } from './job-creation.js';
import { createJobEvents } from './job-events.js';
import { findStaleQueued, type JobPage, listJobs } from './job-lists.js';
import { toJob, toJson } from './job-row.js';
import { createJobShards } from './job-shards.js';
import { createJobStatistics } from './job-statistics.js';
import { recordOccurrence } from './job-transitions.js';
import { createTransitions } from './transitions-repository.js';

export type JobsRepository = ReturnType<typeof createJobsRepository>;

/**
 * The jobs, and in repositories of their own what belongs to them. An id that names no job is
 * `not_found` wherever a Job is returned.
 */
export function createJobsRepository(prisma: PrismaClient) {
  return {
    transitions: createTransitions(prisma),
    shards: createJobShards(prisma),
    batches: createJobBatches(prisma),
    events: createJobEvents(prisma),
    statistics: createJobStatistics(prisma),
    idempotencyKeys: createIdempotencyKeys(prisma),

    create(newJob: NewJob): Promise<Job> {
      return prisma.$transaction((tx) => insertJob(tx, newJob));
    },

    /** Creates the job of this key once; without a key, every time. @throws idempotency_key_reused */
    createOnce(newJob: NewJob, key: IdempotencyKey | undefined): Promise<CreatedJob> {
      return createJobOnce(prisma, newJob, key);
    },

    async get(id: string): Promise<Job> {
      return toJob(await findJob(prisma, id));
    },

    /** Jobs, newest first. @throws invalid_request when the cursor is not of this list */
    list(query: ListJobsQuery): Promise<JobPage> {
      return listJobs(prisma, query);
    },

    /** Jobs that have waited in the queue for so long that the queue may have lost them. */
    findStaleQueued(olderThanSeconds: number): Promise<Job[]> {
      return findStaleQueued(prisma, olderThanSeconds);
    },

    /** The job with the `traceparent` of the request that made it, when that was traced. */
    async traced(id: string): Promise<{ job: Job; traceParent: string | undefined }> {
      const row = await findJob(prisma, id);
      return { job: toJob(row), traceParent: row.trace_parent ?? undefined };
    },

    /** Overwrites the progress of a running job. */
    async reportProgress(id: string, progress: Progress): Promise<boolean> {
      const { count } = await prisma.job.updateMany({
        where: { id: parseId('job', id), status: { in: ['running', 'canceling'] } },
        data: { progress: toJson(progress) },
      });
      return count > 0;
    },

    /** Tells in the job's events that memory ran out, and what computes the rest. */
    recordSmallerPlan(id: string, change: { from: string; to: string; reason: string }) {
      const details = toJson(change);
      return prisma.$transaction((tx) =>
        recordOccurrence(tx, parseId('job', id), 'plan_reduced', details),
      );
    },
  };
}
