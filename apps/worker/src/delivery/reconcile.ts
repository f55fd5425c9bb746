import type { Job, JobStatus } from '@layersense/contracts';
import type { Database } from '@layersense/database';
import type { QueueConsumer } from '@layersense/queue';

/**
 * Gives entries to every unfinished job and shard that the queue has lost: its enqueueing failed after the
 * row was written, or the queue's memory was cleared. Returns their ids.
 *
 * @param staleAfterSeconds younger queued rows may still be on their way into the queue
 */
export async function reconcile(
  database: Database,
  queue: Pick<QueueConsumer, 'enqueueMissing'>,
  staleAfterSeconds: number,
): Promise<string[]> {
  const unfinished = [
    ...(await database.jobs.findStaleQueued(staleAfterSeconds)),
    ...(await jobsThatAre('running', database)),
    ...(await jobsThatAre('canceling', database)),
  ];
  const recovered: string[] = [];
  for (const job of unfinished) {
    const shards = job.shards > 1 ? await database.jobs.shards.unfinished(job.id) : [];
    if (await queue.enqueueMissing(job, shards)) recovered.push(job.id);
  }
  return recovered;
}

async function jobsThatAre(status: JobStatus, database: Database): Promise<Job[]> {
  const jobs: Job[] = [];
  let cursor: string | null | undefined;
  while (cursor !== null) {
    const page = await database.jobs.list({ status, limit: 200, ...(cursor ? { cursor } : {}) });
    jobs.push(...page.data);
    cursor = page.next_cursor;
  }
  return jobs;
}
