import { hostname } from 'node:os';
import { LayersenseError } from '@layersense/contracts';
import type { Database } from '@layersense/database';
import { openQueueConsumer } from '@layersense/queue';
import type { Logger } from 'pino';
import { observeAttempt } from '../telemetry/observe-attempt.js';
import { WorkerMetrics } from '../telemetry/worker-metrics.js';
import { processJob, type RunJob } from './process-job.js';
import { reconcile } from './reconcile.js';

const STALE_AFTER_SECONDS = 15;
const MOST_ATTEMPT_SECONDS = 604_800;

export interface SensitivityWorkerOptions {
  queue: { url: string; namespace: string | undefined };
  database: Database;
  runJob: RunJob;
  metrics?: WorkerMetrics;
  logger: Logger;
  maxAttempts: number;
  /** The longest that an attempt may take; a week when absent. */
  attemptSeconds?: number;
  lockMs: number;
  stalledCheckMs: number;
  /** Takes one job or shard and no second; or none, when none comes for as long as a lost one may take. */
  once?: boolean;
  reconcileMs: number;
  cancelPollMs?: number;
  retryDelayMs?: number;
  /** How old a queued row must be before its queue entry is looked for. */
  staleAfterSeconds?: number;
  /** Removes what jobs have left that are over: after every job, and now and then. */
  tidy?: () => Promise<void>;
}

export interface SensitivityWorker {
  /** Resolves when it takes no more jobs and has none in hand. It is still to be stopped then. */
  readonly ended: Promise<void>;
  /** @throws LayersenseError what keeps it from taking jobs */
  ready(): Promise<void>;
  /** Takes nothing more, hands the job in hand back to the queue and closes. */
  stop(): Promise<void>;
}

/**
 * Takes jobs from the queue, one at a time, until it is stopped; a single one with `once`.
 *
 * @throws LayersenseError `queue_unavailable`
 */
export async function createSensitivityWorker(
  options: SensitivityWorkerOptions,
): Promise<SensitivityWorker> {
  const { database, logger, queue, lockMs, stalledCheckMs } = options;
  const shutdown = new AbortController();
  const observed = { database, metrics: options.metrics ?? new WorkerMetrics() };
  const dependencies = {
    workerId: `${hostname()}:${process.pid}`,
    cancelPollMs: 500,
    retryDelayMs: 5000,
    attemptSeconds: MOST_ATTEMPT_SECONDS,
    ...options,
    shutdown: shutdown.signal,
  };
  const tidy = () =>
    options.tidy?.().catch((error: unknown) => logger.warn({ err: error }, 'could not tidy up'));
  const consumer = await openQueueConsumer({
    ...queue,
    lockMs,
    stalledCheckMs,
    // The entry of a worker that died comes back with the second look after its lock has ended. BullMQ
    // lets a look pass when another was less than an interval ago, be it a millisecond less.
    onceWithinMs: options.once ? lockMs + 4 * stalledCheckMs : undefined,
    handle: (payload, lost) =>
      observeAttempt(payload.jobId, observed, () =>
        processJob(payload, lost, dependencies),
      ).finally(tidy),
    onError: (error) => logger.warn({ err: error }, 'queue'),
  });

  const sweep = () =>
    reconcile(database, consumer, options.staleAfterSeconds ?? STALE_AFTER_SECONDS).then(
      (recovered) => {
        if (recovered.length > 0) logger.warn({ recovered }, 'enqueued jobs that the queue lacked');
      },
      (error: unknown) => logger.warn({ err: error }, 'could not reconcile'),
    );
  let sweeping = sweep().then(tidy);
  const timer = setInterval(() => {
    sweeping = sweeping.then(sweep).then(tidy);
  }, options.reconcileMs);

  return {
    ended: consumer.ended,
    ready: async () => {
      if (shutdown.signal.aborted) throw stopping();
      await database.assertReady();
      await consumer.ping();
    },
    stop: async () => {
      clearInterval(timer);
      await sweeping;
      // Closing comes first: a job handed back must not be taken again by this same worker.
      const closed = consumer.close();
      shutdown.abort(stopping());
      await closed;
    },
  };
}

const stopping = () => new LayersenseError('canceled', 'The worker is stopping.');
