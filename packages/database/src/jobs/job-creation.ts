import type { Job, JobSpec } from '@layersense/contracts';
import type { PrismaClient } from '../generated/prisma/client.js';
import { parseId } from '../ids.js';
import type { Transaction } from '../prisma-client.js';
import { findAnswer, type IdempotencyKey, takeKey } from './idempotency-keys.js';
import { toJob, toJson } from './job-row.js';
import { recordJobEvent, transitionJob } from './job-transitions.js';

export interface NewJob {
  readonly spec: JobSpec;
  readonly metadata: Readonly<Record<string, string>>;
  /** Is told when the job has ended. */
  readonly webhook_url?: string | undefined;
  /** 0 when absent; higher ones are taken first. */
  readonly priority?: number;
  /** The time that one attempt may take. */
  readonly timeout_seconds?: number | undefined;
  /** How many parts the examples are divided into; 1 when absent. */
  readonly shards?: number | undefined;
  /** W3C `traceparent` of the request, when it is traced. */
  readonly traceParent?: string | undefined;
  /** Whether to compute even where an equal run is stored. */
  readonly force?: boolean;
  /** A stored run that is the job's result: the job is created succeeded. */
  readonly runId?: string | undefined;
}

export interface CreatedJob {
  readonly job: Job;
  /** Whether the job is of an earlier request with the same key. */
  readonly replayed: boolean;
}

/**
 * Creates the job of this key, however many requests come with it at once: the others get the
 * answer of the one that did. Without a key every call creates a job.
 *
 * @throws idempotency_key_reused
 */
export async function createJobOnce(
  prisma: PrismaClient,
  newJob: NewJob,
  key: IdempotencyKey | undefined,
): Promise<CreatedJob> {
  for (;;) {
    const job = await insertJobWithKey(prisma, newJob, key);
    if (job !== undefined) return { job, replayed: false };
    const earlier = key && (await findAnswer(prisma, key));
    // Where there is none, the key's day has ended since, and the next round takes the key.
    if (earlier !== undefined) return { job: earlier, replayed: true };
  }
}

/** Creates a job that is queued, or succeeded where its run is stored already. */
export async function insertJob(
  transaction: Transaction,
  { spec, metadata, traceParent, force = false, runId, ...how }: NewJob,
): Promise<Job> {
  const { priority = 0, timeout_seconds, shards = 1 } = how;
  const row = await transaction.job.create({
    data: {
      spec: toJson(spec),
      model: spec.model,
      method: spec.method,
      metadata: toJson(metadata),
      webhook_url: how.webhook_url ?? null,
      trace_parent: traceParent ?? null,
      priority,
      timeout_seconds: timeout_seconds ?? null,
      shards,
      force,
      event_count: 1,
      ...(shards > 1 && runId === undefined ? { job_shards: { create: range(shards) } } : {}),
    },
  });
  await recordJobEvent(transaction, row, 'created');
  if (runId === undefined) return toJob(row);
  const ended = await transitionJob(transaction, row.id, 'succeeded', {
    columns: { run_id: parseId('run', runId), cached: true },
    event: { run_id: runId, cached: true },
  });
  return toJob(ended ?? row);
}

class KeyTaken extends Error {}

/** Undefined, with nothing stored, when another request has taken the key by then. */
async function insertJobWithKey(
  prisma: PrismaClient,
  newJob: NewJob,
  key: IdempotencyKey | undefined,
): Promise<Job | undefined> {
  try {
    return await prisma.$transaction(async (tx) => {
      const job = await insertJob(tx, newJob);
      if (key && !(await takeKey(tx, key, job))) throw new KeyTaken();
      return job;
    });
  } catch (error) {
    if (error instanceof KeyTaken) return undefined;
    throw error;
  }
}

function range(shards: number): { shard: number }[] {
  return Array.from({ length: shards }, (_, shard) => ({ shard }));
}
