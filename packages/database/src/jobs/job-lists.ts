import {
  type Job,
  type JobChange,
  type JobEvent,
  type JobStatus,
  jobStatuses,
  type ListJobsQuery,
} from '@layersense/contracts';
import type { JobEvent as JobEventRow, Prisma, PrismaClient } from '../generated/prisma/client.js';
import { parseId, showId } from '../ids.js';
import { decodeCursor, type ListOf, type Page, type Position, pageOf } from '../list-cursor.js';
import { findJob } from './find-job.js';
import { toJob, toProgress } from './job-row.js';
import type { JobEventType } from './job-transitions.js';

export type JobPage = Page<Job>;

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
      const of: ListOf = { list: 'jobs', status, model, method };
      const filters = Object.entries({ status, model, method }).filter(
        ([, value]) => value !== undefined,
      );
      const rows = await prisma.job.findMany({
        where: {
          ...Object.fromEntries(filters),
          ...(cursor === undefined ? {} : beyond(decodeCursor(cursor, of))),
        },
        orderBy: [{ created_at: 'desc' }, { id: 'desc' }],
        take: limit + 1,
      });
      const { data, ...page } = pageOf(rows, limit, of);
      return { ...page, data: data.map(toJob) };
    },

    /** The job's events after `seq`, in order. */
    async events(id: string, afterSeq = 0): Promise<JobEvent[]> {
      const { id: job_id } = await findJob(prisma, id);
      const rows = await prisma.jobEvent.findMany({
        where: { job_id, seq: { gt: afterSeq } },
        orderBy: { seq: 'asc' },
      });
      return rows.map(toJobEvent);
    },

    /**
     * Of many jobs at once, by id: the events after the seq given for each, and the progress. Jobs
     * that there are not are left out.
     */
    async changes(known: ReadonlyMap<string, number>): Promise<Map<string, JobChange>> {
      const uuids = [...known.keys()].map((id) => parseId('job', id));
      // Progress first: what comes with a terminal event is then never of an earlier moment.
      const jobs = await prisma.job.findMany({
        where: { id: { in: uuids } },
        select: { id: true, progress: true },
      });
      const rows = await prisma.$queryRaw<JobEventRow[]>`
        SELECT event.* FROM job_event AS event
        JOIN unnest(${uuids}::uuid[], ${[...known.values()]}::int[]) AS known (job_id, seq)
          ON event.job_id = known.job_id AND event.seq > known.seq
        ORDER BY event.job_id, event.seq`;
      return new Map(
        jobs.map(({ id, progress }) => [
          showId('job', id),
          {
            events: rows.filter(({ job_id }) => job_id === id).map(toJobEvent),
            progress: toProgress(progress),
          },
        ]),
      );
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
function beyond({ created_at, id }: Position): Prisma.JobWhereInput {
  return {
    created_at: { lte: created_at },
    OR: [{ created_at: { lt: created_at } }, { id: { lt: id } }],
  };
}

function toJobEvent({ seq, type, data, created_at }: JobEventRow): JobEvent {
  return {
    seq,
    type: type as JobEventType,
    data: data as JobEvent['data'],
    created_at: created_at.toISOString(),
  };
}
