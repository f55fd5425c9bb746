import { isTerminal, type Job, LayersenseError, toProblem } from '@layersense/contracts';
import type { Database } from '@layersense/database';
import type { SensitivityJobPayload, Verdict } from '@layersense/queue';
import { toJobFailure } from '@layersense/scoring';
import type { Logger } from 'pino';
import { type Attempt, type Delivery, deliveryOf } from './delivery.js';

/** However long the Hub asks to be left alone. */
const LONGEST_RETRY_MS = 3_600_000;
/** How often a job that came before its shards had ended is looked at again. */
const EARLY_AGAIN_MS = 5000;

export interface RunJobContext {
  readonly job: Job;
  readonly signal: AbortSignal;
}

/** What has ended as succeeded: a shard can end its whole job, with a run that was stored before. */
export type Ended = 'job' | 'shard';

/**
 * Computes one job and ends it as succeeded (`runs.save` with its id), or one of its shards
 * (`jobs.shards.finish`), or throws. It must give up soon after `signal` aborts, whatever the reason.
 */
export type RunJob = (work: SensitivityJobPayload, context: RunJobContext) => Promise<Ended>;

/**
 * How a delivery ended. `nothing_to_do`: its row was not waiting for an attempt, or its shards had not
 * ended. `overtaken`: another worker has ended the job meanwhile, or may hold it by now.
 */
export type Outcome =
  | 'succeeded'
  | 'shard_succeeded'
  | 'failed'
  | 'canceled'
  | 'requeued'
  | 'overtaken'
  | 'nothing_to_do';

/** What becomes of the queue's entry, and how the attempt ended. */
export type AttemptEnd = Verdict & {
  readonly outcome: Outcome;
  /** The job as the attempt found it; absent where there was none, or it does not count as one. */
  readonly job?: Job;
};

export interface ProcessJobDependencies {
  database: Database;
  /** For people who read the row. */
  workerId: string;
  runJob: RunJob;
  logger: Logger;
  maxAttempts: number;
  /** The longest that an attempt may take; a job can ask for less. */
  attemptSeconds: number;
  cancelPollMs: number;
  /** Wait before the second attempt; it doubles with each further one. */
  retryDelayMs: number;
  /** Aborts when this worker is told to stop: jobs go back to the queue. */
  shutdown: AbortSignal;
}

/** One delivery, from its row's `running` to the row's next status. The row decides everything. */
export async function processJob(
  payload: SensitivityJobPayload,
  lost: AbortSignal,
  dependencies: ProcessJobDependencies,
): Promise<AttemptEnd> {
  const { database, runJob, maxAttempts, attemptSeconds, shutdown, workerId } = dependencies;
  const { jobId } = payload;
  const logger = dependencies.logger.child(payload);
  const delivery = deliveryOf(payload, database.jobs, workerId);
  const attempt = await delivery.start();
  if (attempt === 'early') {
    return { kind: 'again', afterMs: EARLY_AGAIN_MS, outcome: 'nothing_to_do' };
  }
  if (!attempt) return { kind: 'done', outcome: 'nothing_to_do' };
  const { job } = attempt;
  if (attempt.number > maxAttempts) return giveUp(job, dependencies);

  const over = new AbortController();
  const watching = watchJob(jobId, over, dependencies);
  const seconds = Math.min(job.timeout_seconds ?? attemptSeconds, attemptSeconds);
  const timeout = AbortSignal.timeout(seconds * 1000);
  try {
    const signal = AbortSignal.any([over.signal, timeout, shutdown, lost]);
    const ended = await runJob(payload, { job, signal });
    logger.info('succeeded');
    return { kind: 'done', outcome: ended === 'job' ? 'succeeded' : 'shard_succeeded', job };
  } catch (error) {
    // The row belongs to the worker that took the job over.
    if (lost.aborted) {
      return { kind: 'failed', reason: 'the lock was lost', outcome: 'overtaken', job };
    }
    const { status, cancel_requested_at: canceled } = await database.jobs.get(jobId);
    if (canceled !== null) return cancel(job, dependencies);
    if (isTerminal(status)) {
      logger.info({ status }, 'ended by another worker');
      return { kind: 'done', outcome: 'overtaken', job };
    }
    if (shutdown.aborted) {
      await delivery.handBack({ attemptCounts: false });
      logger.info('handed back');
      return { kind: 'again', afterMs: 0, outcome: 'requeued' };
    }
    const cause = timeout.aborted ? timedOut(seconds) : error;
    return fail(cause, attempt, delivery, { ...dependencies, logger });
  } finally {
    watching.stop();
  }
}

async function cancel(job: Job, { database, logger }: ProcessJobDependencies): Promise<AttemptEnd> {
  await database.jobs.transitions.finishCancel(job.id);
  logger.info({ jobId: job.id }, 'canceled');
  return { kind: 'done', outcome: 'canceled', job };
}

/** A job that killed its worker so often would go on killing workers. */
async function giveUp(job: Job, dependencies: ProcessJobDependencies): Promise<AttemptEnd> {
  const error = new LayersenseError(
    'compute_process_died',
    `The worker died in each of ${dependencies.maxAttempts} attempts, most likely out of memory. Lower batch_size or max_length, or give the worker more memory.`,
  );
  await dependencies.database.jobs.transitions.fail(job.id, toProblem(error));
  return { kind: 'failed', reason: error.code, outcome: 'failed', job };
}

async function fail(
  error: unknown,
  { job, number }: Attempt,
  delivery: Delivery,
  { database, logger, maxAttempts, retryDelayMs }: ProcessJobDependencies,
): Promise<AttemptEnd> {
  const { problem, retry } = toJobFailure(error);
  if (retry && number < maxAttempts) {
    await delivery.handBack({ attemptCounts: true });
    logger.warn({ err: error, attempt: number }, 'will be retried');
    const asked = Number(problem.context?.retryAfterSeconds ?? 0) * 1000;
    const backoff = retryDelayMs * 2 ** (number - 1);
    const afterMs = Math.min(Math.max(backoff, asked), LONGEST_RETRY_MS);
    return { kind: 'again', afterMs, outcome: 'requeued', job };
  }
  await database.jobs.transitions.fail(job.id, problem);
  logger.error({ err: error, attempt: number }, 'failed');
  return { kind: 'failed', reason: problem.code, outcome: 'failed', job };
}

function timedOut(seconds: number): LayersenseError {
  return new LayersenseError(
    'timed_out',
    `The attempt took longer than ${seconds} s and was stopped. Raise timeout_seconds (the worker's ATTEMPT_SECONDS is its limit), divide the job into shards, or ask for fewer examples.`,
    { timeout_seconds: seconds },
  );
}

/** Aborts `over` soon after the job was canceled, or ended by another worker, as its row says. */
function watchJob(
  jobId: string,
  over: AbortController,
  { database, logger, cancelPollMs }: ProcessJobDependencies,
): { stop(): void } {
  const timer = setInterval(() => {
    database.jobs.get(jobId).then(
      ({ status, cancel_requested_at: canceled }) => {
        if (canceled === null && !isTerminal(status)) return;
        over.abort(new LayersenseError('canceled', `The job is ${status}.`));
      },
      (error: unknown) => logger.warn({ err: error, jobId }, 'could not look at the job'),
    );
  }, cancelPollMs);
  return { stop: () => clearInterval(timer) };
}
