import type { JobStatus } from '@layersense/contracts';
import type { Database } from '@layersense/database';
import type { QueueConsumer } from './queue.js';

/**
 * Gives an entry to every unfinished job that the queue has lost: its enqueueing failed after the
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
  for (const jobId of unfinished) {
    if (await queue.enqueueMissing(jobId)) recovered.push(jobId);
  }
  return recovered;
}

async function jobsThatAre(status: JobStatus, database: Database): Promise<string[]> {
  const ids: string[] = [];
  let cursor: string | null | undefined;
  while (cursor !== null) {
    const page = await database.jobs.list({ status, limit: 200, ...(cursor ? { cursor } : {}) });
    ids.push(...page.data.map(({ id }) => id));
    cursor = page.next_cursor;
  }
  return ids;
}
