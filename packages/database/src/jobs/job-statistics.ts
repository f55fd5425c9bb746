import { type JobStatus, jobStatuses } from '@layersense/contracts';
import type { PrismaClient } from '../generated/prisma/client.js';

/** Numbers over all jobs, for metrics. */
export function createJobStatistics(prisma: PrismaClient) {
  return {
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
  };
}
