import type { JobChange, JobEvent } from '@layersense/contracts';
import type { JobEvent as JobEventRow, PrismaClient } from '../generated/prisma/client.js';
import { parseId, showId } from '../ids.js';
import { findJob } from './find-job.js';
import { toProgress } from './job-row.js';
import type { JobEventType } from './job-transitions.js';

/** What has happened to jobs. Events are written by the transitions and the shards. */
export function createJobEvents(prisma: PrismaClient) {
  return {
    /** The job's events after `afterSeq`, in order. */
    async list(id: string, afterSeq = 0): Promise<JobEvent[]> {
      const { id: job_id } = await findJob(prisma, id);
      const rows = await prisma.jobEvent.findMany({
        where: { job_id, seq: { gt: afterSeq } },
        orderBy: { seq: 'asc' },
      });
      return rows.map(toJobEvent);
    },

    /**
     * What is new of many jobs at once, by id: the events after the seq given for each, and the
     * progress. An id that names no job is left out.
     */
    async changes(known: ReadonlyMap<string, number>): Promise<Map<string, JobChange>> {
      const uuids = [...known.keys()].map((id) => parseId('job', id));
      // Progress is read first, so that what comes with a terminal event is never of a later moment.
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
