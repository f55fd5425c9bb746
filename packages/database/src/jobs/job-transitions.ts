import type { JobStatus } from '@layersense/contracts';
import { isTerminal } from '@layersense/contracts';
import type { Job as JobRow, Prisma } from '../generated/prisma/client.js';
import type { Transaction } from '../prisma-client.js';
import { addWebhookDelivery } from '../webhooks/add-webhook-delivery.js';

/**
 * Every change of a job's status, under the name its event carries.
 *
 * `started` from running is a delivery after a crash: its worker may still live, and then both
 * compute the same numbers and the first to save them ends the job. `succeeded` from queued is a
 * job whose run exists already. It is not reached from canceling: what ends after a cancel was
 * promised is dropped.
 */
const jobTransitions = {
  started: { from: ['queued', 'running'], to: 'running' },
  requeued: { from: ['running'], to: 'queued' },
  cancel_requested: { from: ['running'], to: 'canceling' },
  canceled: { from: ['queued', 'canceling'], to: 'canceled' },
  succeeded: { from: ['queued', 'running'], to: 'succeeded' },
  failed: { from: ['queued', 'running', 'canceling'], to: 'failed' },
  retried: { from: ['failed', 'canceled'], to: 'queued' },
} as const satisfies Record<string, { from: readonly JobStatus[]; to: JobStatus }>;

export type JobTransition = keyof typeof jobTransitions;
/** What happens to a job beside changes of its status. */
export type JobOccurrence =
  | 'created'
  | 'shard_started'
  | 'shard_requeued'
  | 'shard_succeeded'
  | 'plan_reduced';
export type JobEventType = JobOccurrence | JobTransition;

export interface TransitionDetails {
  /** Columns that change along with the status. */
  readonly columns?: Prisma.JobUncheckedUpdateManyInput;
  /** What the event says beside the new status and the attempt. */
  readonly event?: Prisma.InputJsonObject;
}

/**
 * Changes a job's status if it is one the transition starts from, and writes its event; resolves
 * to undefined and changes nothing otherwise. Needs a transaction for the two to be one.
 */
export async function transitionJob(
  transaction: Transaction,
  uuid: string,
  name: JobTransition,
  { columns = {}, event = {} }: TransitionDetails = {},
): Promise<JobRow | undefined> {
  const { from, to } = jobTransitions[name];
  const finish = isTerminal(to) ? { finished_at: new Date(), worker_id: null } : {};
  const [row] = await transaction.job.updateManyAndReturn({
    where: { id: uuid, status: { in: [...from] } },
    data: { ...columns, ...finish, status: to, event_count: { increment: 1 } },
  });
  if (row === undefined) return undefined;
  await recordJobEvent(transaction, row, name, event);
  await addWebhookDelivery(transaction, row);
  if (isTerminal(to)) await transaction.jobCheckpoint.deleteMany({ where: { job_id: uuid } });
  return row;
}

export async function recordJobEvent(
  transaction: Transaction,
  { id, event_count, status, attempt }: JobRow,
  type: JobEventType,
  details: Prisma.InputJsonObject = {},
): Promise<void> {
  await transaction.jobEvent.create({
    data: { job_id: id, seq: event_count, type, data: { status, attempt, ...details } },
  });
}

/** Adds an event that changes no status. */
export async function recordOccurrence(
  transaction: Transaction,
  uuid: string,
  type: JobOccurrence,
  details: Prisma.InputJsonObject,
): Promise<void> {
  const row = await transaction.job.update({
    where: { id: uuid },
    data: { event_count: { increment: 1 } },
  });
  await recordJobEvent(transaction, row, type, details);
}
