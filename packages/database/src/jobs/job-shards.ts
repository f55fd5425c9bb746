import type { Job, Progress } from '@layersense/contracts';
import type { Job as JobRow, PrismaClient } from '../generated/prisma/client.js';
import { parseId } from '../ids.js';
import type { Transaction } from '../prisma-client.js';
import { findJob, lockJob } from './find-job.js';
import { noJson, toJob, toJson } from './job-row.js';
import { type JobOccurrence, recordOccurrence, transitionJob } from './job-transitions.js';
import { sumOfProgress } from './sum-of-progress.js';

/** One attempt at a shard. */
export interface StartedShard {
  readonly job: Job;
  /** Counts the attempts at the shard; the job's own counts attempts to end the job. */
  readonly attempt: number;
}

/**
 * The shards of jobs that are computed by several workers. Every change of a shard holds the job's
 * row lock, so what the job's own transitions see of its shards is true.
 */
export function createJobShards(prisma: PrismaClient) {
  return {
    /**
     * Begins an attempt at a shard that waits, or whose worker was lost; the first one begins the
     * job. Undefined when there is nothing to compute; a job that is to be canceled is canceled here.
     */
    start(
      id: string,
      shard: number,
      { workerId }: { workerId: string },
    ): Promise<StartedShard | undefined> {
      return prisma.$transaction(async (tx) => {
        const { id: uuid, status } = await lockJob(tx, id);
        if (status !== 'queued' && status !== 'running') {
          await transitionJob(tx, uuid, 'canceled');
          return undefined;
        }
        const [row] = await tx.jobShard.updateManyAndReturn({
          where: { job_id: uuid, shard, status: { in: ['queued', 'running'] } },
          data: { status: 'running', worker_id: workerId, attempt: { increment: 1 } },
        });
        if (row === undefined) return undefined;
        if (status === 'queued') {
          const columns = { started_at: new Date(), progress: noJson };
          await transitionJob(tx, uuid, 'started', { columns });
        }
        const { attempt } = row;
        await recordOccurrence(tx, uuid, 'shard_started', { shard, attempt, worker_id: workerId });
        return { job: toJob(await findJob(tx, id)), attempt };
      });
    },

    /** Keeps a shard's progress, and with it the job's: the sum over all shards. */
    reportProgress(id: string, shard: number, progress: Progress): Promise<boolean> {
      return prisma.$transaction(async (tx) => {
        const { id: uuid, status } = await lockJob(tx, id);
        if (status !== 'running') return false;
        await tx.jobShard.updateMany({
          where: { job_id: uuid, shard },
          data: { progress: toJson(progress) },
        });
        const shards = await tx.jobShard.findMany({ where: { job_id: uuid } });
        const sum = sumOfProgress(
          progress,
          shards.flatMap((row) => (row.progress === null ? [] : [row.progress as Progress])),
        );
        await tx.job.update({ where: { id: uuid }, data: { progress: toJson(sum) } });
        return true;
      });
    },

    /** Ends a running shard of a running job. `facts` is what the job's end is told of it. */
    finish(id: string, shard: number, facts: object): Promise<boolean> {
      return leaveShard(prisma, id, shard, 'shard_succeeded', {
        status: 'succeeded',
        facts: toJson(facts),
      });
    },

    /** Hands a running shard back; its finished batches stay. Compare `transitions.requeue`. */
    requeue(id: string, shard: number, { attemptCounts = true } = {}): Promise<boolean> {
      return leaveShard(prisma, id, shard, 'shard_requeued', {
        status: 'queued',
        ...(attemptCounts ? {} : { attempt: { decrement: 1 } }),
      });
    },

    /** The shards that have not ended, of a job that has not either. */
    async unfinished(id: string): Promise<number[]> {
      const rows = await prisma.jobShard.findMany({
        where: {
          job_id: parseId('job', id),
          status: { not: 'succeeded' },
          job: { status: { in: ['queued', 'running'] } },
        },
        orderBy: { shard: 'asc' },
        select: { shard: true },
      });
      return rows.map(({ shard }) => shard);
    },

    /** What `finish` was told, of every shard that has ended. */
    async facts(id: string): Promise<unknown[]> {
      const rows = await prisma.jobShard.findMany({
        where: { job_id: parseId('job', id), status: 'succeeded' },
        orderBy: { shard: 'asc' },
        select: { facts: true },
      });
      return rows.map(({ facts }) => facts);
    },
  };
}

/** Whether the job is in shards and nobody computes one of them, nor ends the job. */
export async function isBetweenShards(
  tx: Transaction,
  { id, shards, worker_id }: JobRow,
): Promise<boolean> {
  if (shards === 1 || worker_id !== null) return false;
  return (await tx.jobShard.count({ where: { job_id: id, status: 'running' } })) === 0;
}

/** All shards as they were before the first attempt. */
export async function resetShards(tx: Transaction, uuid: string): Promise<void> {
  await tx.jobShard.updateMany({
    where: { job_id: uuid },
    data: { status: 'queued', attempt: 0, worker_id: null, progress: noJson, facts: noJson },
  });
}

type ShardChange = Parameters<PrismaClient['jobShard']['updateMany']>[0]['data'];

function leaveShard(
  prisma: PrismaClient,
  id: string,
  shard: number,
  event: JobOccurrence,
  change: ShardChange,
): Promise<boolean> {
  return prisma.$transaction(async (tx) => {
    const { id: uuid, status } = await lockJob(tx, id);
    if (status !== 'running') return false;
    const { count } = await tx.jobShard.updateMany({
      where: { job_id: uuid, shard, status: 'running' },
      data: { ...change, worker_id: null },
    });
    if (count === 0) return false;
    await recordOccurrence(tx, uuid, event, { shard });
    return true;
  });
}
