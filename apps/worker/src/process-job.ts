import { type Job, LayersenseError, toProblem } from '@layersense/contracts';
import type { Database } from '@layersense/database';
import type { Logger } from 'pino';
import type { Verdict } from './queue.js';
import { toJobFailure } from './to-job-failure.js';

/**
 * Computes one job and ends it as succeeded (`runs.save` with its id), or throws. It must give up
 * soon after `signal` aborts, whatever the reason.
 */
export type RunJob = (jobId: string, context: { job: Job; signal: AbortSignal }) => Promise<void>;

export interface ProcessJobDependencies {
  database: Database;
  /** For people who read the row. */
  workerId: string;
  runJob: RunJob;
  logger: Logger;
  maxAttempts: number;
  cancelPollMs: number;
  /** Wait before the second attempt; it doubles with each further one. */
  retryDelayMs: number;
  /** Aborts when this worker is told to stop: jobs go back to the queue. */
  shutdown: AbortSignal;
}

/** One delivery, from its row's `running` to the row's next status. The row decides everything. */
export async function processJob(
  jobId: string,
  lost: AbortSignal,
  dependencies: ProcessJobDependencies,
): Promise<Verdict> {
  const { database, runJob, maxAttempts, shutdown } = dependencies;
  const logger = dependencies.logger.child({ jobId });
  const job = await database.jobs.markRunning(jobId, { workerId: dependencies.workerId });
  if (!job) return { kind: 'done' };
  if (job.attempt > maxAttempts) return giveUp(jobId, dependencies);

  const canceled = new AbortController();
  const watching = watchCancel(jobId, canceled, dependencies);
  try {
    const signal = AbortSignal.any([canceled.signal, shutdown, lost]);
    await runJob(jobId, { job, signal });
    logger.info('succeeded');
    return { kind: 'done' };
  } catch (error) {
    // The row belongs to the worker that took the job over.
    if (lost.aborted) return { kind: 'failed', reason: 'the lock was lost' };
    if (await database.jobs.isCancelRequested(jobId)) return cancel(jobId, dependencies);
    if (shutdown.aborted) {
      await database.jobs.markRequeued(jobId, { attemptCounts: false });
      logger.info('handed back');
      return { kind: 'again', afterMs: 0 };
    }
    return fail(job, error, dependencies);
  } finally {
    watching.stop();
  }
}

async function cancel(
  jobId: string,
  { database, logger }: ProcessJobDependencies,
): Promise<Verdict> {
  await database.jobs.markCanceled(jobId);
  logger.info({ jobId }, 'canceled');
  return { kind: 'done' };
}

/** A job that killed its worker so often would go on killing workers. */
async function giveUp(jobId: string, dependencies: ProcessJobDependencies): Promise<Verdict> {
  const error = new LayersenseError(
    'compute_process_died',
    `The worker died in each of ${dependencies.maxAttempts} attempts, most likely out of memory. Lower batch_size or max_length, or give the worker more memory.`,
  );
  await dependencies.database.jobs.markFailed(jobId, toProblem(error));
  return { kind: 'failed', reason: error.code };
}

async function fail(
  job: Job,
  error: unknown,
  { database, logger, maxAttempts, retryDelayMs }: ProcessJobDependencies,
): Promise<Verdict> {
  const { problem, retry } = toJobFailure(error);
  if (retry && job.attempt < maxAttempts) {
    await database.jobs.markRequeued(job.id);
    logger.warn({ err: error, jobId: job.id, attempt: job.attempt }, 'will be retried');
    return { kind: 'again', afterMs: retryDelayMs * 2 ** (job.attempt - 1) };
  }
  await database.jobs.markFailed(job.id, problem);
  logger.error({ err: error, jobId: job.id, attempt: job.attempt }, 'failed');
  return { kind: 'failed', reason: problem.code };
}

/** Aborts `canceled` soon after somebody asked for it in the job's row. */
function watchCancel(
  jobId: string,
  canceled: AbortController,
  { database, logger, cancelPollMs }: ProcessJobDependencies,
): { stop(): void } {
  const timer = setInterval(() => {
    database.jobs.isCancelRequested(jobId).then(
      (requested) => {
        if (requested) canceled.abort(new LayersenseError('canceled', 'The job was canceled.'));
      },
      (error: unknown) => logger.warn({ err: error, jobId }, 'could not look for a cancel'),
    );
  }, cancelPollMs);
  return { stop: () => clearInterval(timer) };
}
