import { isTerminal } from '@layersense/contracts';
import type { Job as JobRow } from '../generated/prisma/client.js';
import { showId } from '../ids.js';
import { toJson } from '../jobs/job-row.js';
import type { Transaction } from '../prisma-client.js';

/**
 * Stores that a job's end is to be told. Call it in the transaction that changed the status, so that
 * neither is without the other.
 */
export async function addWebhookDelivery(tx: Transaction, job: JobRow): Promise<void> {
  const { id, status, webhook_url: url } = job;
  if (url === null || !isTerminal(status)) return;
  const event = {
    type: `job.${status}`,
    timestamp: (job.finished_at ?? new Date()).toISOString(),
    data: { id: showId('job', id), status },
  };
  await tx.webhookDelivery.create({
    data: { job_id: id, url, payload: toJson(event), next_attempt_at: new Date() },
  });
}
