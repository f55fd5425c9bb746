import { type Job, LayersenseError } from '@layersense/contracts';
import type { PrismaClient } from '../generated/prisma/client.js';
import { parseId } from '../ids.js';
import type { Transaction } from '../prisma-client.js';
import { toJson } from './job-row.js';

/** What a caller sends so that a request can be repeated without happening twice. */
export interface IdempotencyKey {
  /** Whose key it is. */
  readonly scope: string;
  readonly key: string;
  /** The request's; the same key with another request is a mistake of the caller's. */
  readonly fingerprint: string;
}

const KEPT_HOURS = 24;

export function createIdempotencyKeys(prisma: PrismaClient) {
  return {
    /** The job that was answered to this key. @throws idempotency_key_reused */
    answer: (key: IdempotencyKey) => findAnswer(prisma, key),

    /** Forgets the keys whose time is over; returns how many. */
    async sweep(): Promise<number> {
      const { count } = await prisma.idempotencyKey.deleteMany({
        where: { created_at: { lte: keptSince() } },
      });
      return count;
    },
  };
}

/**
 * The job that was answered to this key, as it was then.
 *
 * @throws idempotency_key_reused when the key came with another request
 */
export async function findAnswer(
  prisma: Transaction,
  { scope, key, fingerprint }: IdempotencyKey,
): Promise<Job | undefined> {
  const row = await prisma.idempotencyKey.findUnique({
    where: { scope_key: { scope, key }, created_at: { gt: keptSince() } },
  });
  if (row === null) return undefined;
  if (row.fingerprint === fingerprint) return row.answer as unknown as Job;
  throw new LayersenseError(
    'idempotency_key_reused',
    `The Idempotency-Key '${key}' was sent with another request within the last ${KEPT_HOURS} hours. Repeat that request as it was, or take a new key for this one.`,
    { key },
  );
}

/**
 * Binds the key to a job that this transaction creates. False when another request has it; one that
 * is under way is waited for.
 */
export async function takeKey(
  transaction: Transaction,
  { scope, key, fingerprint }: IdempotencyKey,
  job: Job,
): Promise<boolean> {
  const bound = await transaction.$executeRaw`
    INSERT INTO idempotency_key (scope, key, fingerprint, job_id, answer)
    VALUES (${scope}, ${key}, ${fingerprint}, ${parseId('job', job.id)}::uuid, ${toJson(job)}::jsonb)
    ON CONFLICT (scope, key) DO UPDATE
      SET fingerprint = excluded.fingerprint, job_id = excluded.job_id,
        answer = excluded.answer, created_at = excluded.created_at
      WHERE idempotency_key.created_at <= ${keptSince()}`;
  return bound > 0;
}

const keptSince = (): Date => new Date(Date.now() - KEPT_HOURS * 3600 * 1000);
