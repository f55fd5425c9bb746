import type { Job, ListJobsQuery } from '@layersense/contracts';
import type { Prisma, PrismaClient } from '../generated/prisma/client.js';
import { decodeCursor, type ListOf, type Page, type Position, pageOf } from '../list-cursor.js';
import { toJob } from './job-row.js';

export type JobPage = Page<Job>;

const MOST_STALE_JOBS = 1000;

/**
 * Jobs, newest first. Paging is by position: jobs that arrive meanwhile shift nothing.
 *
 * @throws invalid_request when the cursor is not of this list
 */
export async function listJobs(prisma: PrismaClient, query: ListJobsQuery): Promise<JobPage> {
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
}

/** Jobs that have waited in the queue for so long that the queue may have lost them. */
export async function findStaleQueued(
  prisma: PrismaClient,
  olderThanSeconds: number,
): Promise<Job[]> {
  const rows = await prisma.job.findMany({
    where: {
      status: 'queued',
      updated_at: { lt: new Date(Date.now() - olderThanSeconds * 1000) },
    },
    orderBy: [{ created_at: 'asc' }, { id: 'asc' }],
    take: MOST_STALE_JOBS,
  });
  return rows.map(toJob);
}

/** The first condition is implied by the others; it is the one an index can seek to. */
function beyond({ created_at, id }: Position): Prisma.JobWhereInput {
  return {
    created_at: { lte: created_at },
    OR: [{ created_at: { lt: created_at } }, { id: { lt: id } }],
  };
}
