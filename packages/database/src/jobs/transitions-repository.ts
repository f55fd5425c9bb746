import {
  isTerminal,
  type Job,
  type JobStatus,
  LayersenseError,
  type Problem,
} from '@layersense/contracts';
import type { PrismaClient } from '../generated/prisma/client.js';
import { parseId } from '../ids.js';
import { findJob, lockJob } from './find-job.js';
import { noJson, toJob, toJson } from './job-row.js';
import { isBetweenShards, resetShards } from './job-shards.js';
import { type JobTransition, type TransitionDetails, transitionJob } from './job-transitions.js';

/**
 * What changes the status of a job. Each change is a compare-and-set that writes its event in the
 * same transaction; `false` or undefined means that the job was elsewhere by then and nothing
 * happened. An id that names no job is `not_found` wherever a Job is returned.
 */
export function createTransitions(prisma: PrismaClient) {
  const transition = (id: string, name: JobTransition, details?: TransitionDetails) =>
    prisma.$transaction((tx) => transitionJob(tx, parseId('job', id), name, details));
  const happened = async (id: string, name: JobTransition, details?: TransitionDetails) =>
    (await transition(id, name, details)) !== undefined;

  return {
    /**
     * Begins an attempt: of a queued job, or of one whose worker was lost. Undefined when there
     * is nothing to compute; a job that its lost worker was to cancel is canceled here.
     */
    async start(id: string, { workerId }: { workerId: string }): Promise<Job | undefined> {
      const found = await prisma.job.findUnique({ where: { id: parseId('job', id) } });
      const begun = found && found.shards > 1 ? found.started_at : null;
      const row = await transition(id, 'started', {
        columns: {
          attempt: { increment: 1 },
          worker_id: workerId,
          // A job in shards began with the first of them.
          started_at: begun ?? new Date(),
          progress: noJson,
        },
        event: { worker_id: workerId },
      });
      if (row === undefined) await happened(id, 'canceled');
      return row && toJob(row);
    },

    /**
     * Cancels a queued job at once and asks the worker of a running one to stop. Asking again
     * changes nothing.
     *
     * @throws job_finished when the job has succeeded or failed
     */
    requestCancel(id: string): Promise<Job> {
      const columns = { cancel_requested_at: new Date() };
      return prisma.$transaction(async (tx) => {
        const { id: uuid, status } = await lockJob(tx, id);
        if (status === 'succeeded' || status === 'failed') throw finished(id, status);
        const changed =
          status === 'queued'
            ? await transitionJob(tx, uuid, 'canceled', { columns })
            : await transitionJob(tx, uuid, 'cancel_requested', { columns });
        // Between its shards a running job has no worker that would notice.
        const idle = changed?.status === 'canceling' && (await isBetweenShards(tx, changed));
        const canceled = idle ? await transitionJob(tx, uuid, 'canceled') : undefined;
        return toJob(canceled ?? changed ?? (await findJob(tx, id)));
      });
    },

    /** Ends a job whose worker has stopped for a cancel, or one that still waits in the queue. */
    finishCancel(id: string): Promise<boolean> {
      return happened(id, 'canceled');
    },

    /** Ends the job with a run that was stored before; `runs.save` ends it with a new one. */
    succeed(id: string, runId: string): Promise<boolean> {
      const columns = { run_id: parseId('run', runId), cached: true };
      return happened(id, 'succeeded', { columns, event: { run_id: runId, cached: true } });
    },

    /** Ends the job with what went wrong. */
    fail(id: string, problem: Problem): Promise<boolean> {
      const error = toJson(problem);
      return happened(id, 'failed', { columns: { error }, event: { error } });
    },

    /**
     * Hands a running job back; its finished batches stay for the next attempt. An attempt that was
     * ended for no fault of the job, as when its worker is replaced, need not count.
     */
    requeue(id: string, { attemptCounts = true } = {}): Promise<boolean> {
      const attempt = attemptCounts ? {} : { attempt: { decrement: 1 } };
      return happened(id, 'requeued', {
        columns: { worker_id: null, progress: noJson, ...attempt },
      });
    },

    /**
     * Queues a failed or canceled job again, with all its attempts before it.
     *
     * @throws job_finished when the job has succeeded, job_unfinished when it has not ended
     */
    retry(id: string): Promise<Job> {
      return prisma.$transaction(async (tx) => {
        const { id: uuid, status } = await lockJob(tx, id);
        if (status === 'succeeded') throw finished(id, status);
        if (!isTerminal(status)) throw unfinished(id, status);
        const changed = await transitionJob(tx, uuid, 'retried', {
          columns: {
            attempt: 0,
            error: noJson,
            progress: noJson,
            started_at: null,
            finished_at: null,
            cancel_requested_at: null,
          },
        });
        if (changed) await resetShards(tx, uuid);
        return toJob(changed ?? (await findJob(tx, id)));
      });
    },
  };
}

function unfinished(id: string, status: JobStatus): LayersenseError {
  return new LayersenseError(
    'job_unfinished',
    `Job ${id} is ${status}. Only a job that failed or was canceled can be retried.`,
    { id, status },
  );
}

function finished(id: string, status: JobStatus): LayersenseError {
  return new LayersenseError('job_finished', `Job ${id} has already ${status}.`, { id, status });
}
