import { type Job, type JobStatus, jobStatuses, type ListJobsQuery } from '@layersense/contracts';
import { findJob } from './find-job.js';
import type { Prisma, PrismaClient } from './generated/prisma/client.js';
import { decodeJobCursor, encodeJobCursor, type JobPosition } from './job-cursor.js';
import { toJob } from './job-row.js';
import type { JobEventType } from './job-transitions.js';

export interface JobPage {
  readonly object: 'list';
  readonly data: Job[];
  readonly has_more: boolean;
  readonly next_cursor: string | null;
}

/** One change of a job's status. */
export interface JobEvent {
  /** 1, 2, 3… without gaps. */
  readonly seq: number;
  readonly type: JobEventType;
  /** The status and attempt after the change, and what the change brought. */
  readonly data: { readonly status: JobStatus; readonly attempt: number } & Record<string, unknown>;
  readonly created_at: string;
}

const MOST_STALE_JOBS = 1000;

export function createJobLists(prisma: PrismaClient) {
  return {
    /**
     * Jobs, newest first. Paging is by position: jobs that arrive meanwhile shift nothing.
     *
     * @throws invalid_request when the cursor is not of this list
     */
    async list(query: ListJobsQuery): Promise<JobPage> {
      const { status, model, method, limit, cursor } = query;
      const filters = Object.entries({ status, model, method }).filter(
        ([, value]) => value !== undefined,
      );
      const rows = await prisma.job.findMany({
        where: {
          ...Object.fromEntries(filters),
          ...(cursor === undefined ? {} : beyond(decodeJobCursor(cursor, query))),
        },
        orderBy: [{ created_at: 'desc' }, { id: 'desc' }],
        take: limit + 1,
      });
      const page = rows.slice(0, limit);
      const last = page.at(-1);
      const more = rows.length > limit && last !== undefined;
      return {
        object: 'list',
        data: page.map(toJob),
        has_more: more,
        next_cursor: more ? encodeJobCursor(last, query) : null,
      };
    },

    /** The job's events after `seq`, in order. */
    async events(id: string, afterSeq = 0): Promise<JobEvent[]> {
      const { id: job_id } = await findJob(prisma, id);
      const rows = await prisma.jobEvent.findMany({
        where: { job_id, seq: { gt: afterSeq } },
        orderBy: { seq: 'asc' },
      });
      return rows.map(({ seq, type, data, created_at }) => ({
        seq,
        type: type as JobEventType,
        data: data as JobEvent['data'],
        created_at: created_at.toISOString(),
      }));
    },

    /** How many jobs there are of each status. */
    async countByStatus(): Promise<Record<JobStatus, number>> {
      const groups = await prisma.job.groupBy({ by: ['status'], _count: true });
      const counts = new Map(groups.map(({ status, _count }) => [status, _count]));
      return Object.fromEntries(
        jobStatuses.map((status) => [status, counts.get(status) ?? 0]),
      ) as Record<JobStatus, number>;
    },

    /** Seconds that the longest waiting job has been queued; 0 when none waits. */
    async oldestQueuedSeconds(): Promise<number> {
      const row = await prisma.job.findFirst({
        where: { status: 'queued' },
        orderBy: [{ created_at: 'asc' }, { id: 'asc' }],
        select: { created_at: true },
      });
      return row === null ? 0 : Math.max(0, (Date.now() - row.created_at.getTime()) / 1000);
    },

    /** Jobs that have waited in the queue for so long that the queue may have lost them. */
    async findStaleQueued(olderThanSeconds: number): Promise<Job[]> {
      const rows = await prisma.job.findMany({
        where: {
          status: 'queued',
          updated_at: { lt: new Date(Date.now() - olderThanSeconds * 1000) },
        },
        orderBy: [{ created_at: 'asc' }, { id: 'asc' }],
        take: MOST_STALE_JOBS,
      });
      return rows.map(toJob);
    },
  };
}

/** The first condition is implied by the others; it is the one an index can seek to. */
function beyond({ created_at, id }: JobPosition): Prisma.JobWhereInput {
  return {
    created_at: { lte: created_at },
    OR: [{ created_at: { lt: created_at } }, { id: { lt: id } }],
  };
}
