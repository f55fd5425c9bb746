import { LayersenseError } from '@layersense/contracts';
import { DelayedError, type Job as QueueEntry, UnrecoverableError, WaitingError } from 'bullmq';
import {
  type QueueBackend,
  type QueueObject,
  type QueuePlace,
  queueBackend,
  type WorkerObject,
} from './backend.js';
import { type QueuedJob, queueEntryId, queueFlow, SensitivityJobPayload } from './queue-entries.js';
import { queueUnavailable } from './queue-unavailable.js';
import { OPEN_TIMEOUT_MS, within } from './timeouts.js';

const REDELIVER_AFTER_MS = 5000;
/** A worker that dies leaves a stalled entry. How often that may happen is the row's to decide. */
const MAX_STALLED_COUNT = 1000;

/** What becomes of a delivery. `again` hands the entry back: at once, or after a delay. */
export type Verdict =
  | { kind: 'done' }
  | { kind: 'failed'; reason: string }
  | { kind: 'again'; afterMs: number };

export interface QueueConsumerOptions extends QueuePlace {
  /** Another worker takes the entry of one that has not renewed its lock for this long. */
  lockMs: number;
  stalledCheckMs: number;
  openTimeoutMs?: number;
  /** Takes a single entry, or none when none comes for so long. Absent: one after the other. */
  onceWithinMs?: number | undefined;
  /** `lost` aborts when another worker may hold the job by now. */
  handle: (payload: SensitivityJobPayload, lost: AbortSignal) => Promise<Verdict>;
  onError: (error: Error) => void;
}

/** One job or shard at a time, each under a lock that is renewed until it ends. */
export interface QueueConsumer {
  /**
   * Adds the entries that a job or one of its `unfinished` shards lacks. True when one was missing.
   */
  enqueueMissing(job: QueuedJob, unfinished: readonly number[]): Promise<boolean>;
  /** @throws LayersenseError `queue_unavailable` when the queue does not answer in ten seconds. */
  ping(): Promise<void>;
  /** Resolves when it takes nothing more and has no job in hand. */
  readonly ended: Promise<void>;
  /** Takes nothing more and waits for the job in hand. */
  close(): Promise<void>;
}

/** @throws LayersenseError `queue_unavailable` when the queue does not answer in ten seconds. */
export async function openQueueConsumer(options: QueueConsumerOptions): Promise<QueueConsumer> {
  const { onceWithinMs: patience, onError } = options;
  // From within a delivery: BullMQ would fetch the next entry together with the end of this one.
  const takeNoMore = () => void worker.close().catch(onError);
  let idle: NodeJS.Timeout | undefined;
  const handleOnce: QueueConsumerOptions['handle'] = (payload, lost) => {
    clearTimeout(idle);
    return options.handle(payload, lost).finally(takeNoMore);
  };
  const backend = queueBackend(options, 'worker');
  const queue = backend.queue();
  const flows = backend.flows();
  const worker = openWorker(
    backend,
    patience === undefined ? options : { ...options, handle: handleOnce },
  );
  queue.on('error', onError);
  flows.on('error', onError);
  worker.on('error', onError);
  worker.on('lockRenewalFailed', (ids) => {
    for (const id of ids) worker.cancelJob(id, 'lock lost');
  });
  const close = async () => {
    clearTimeout(idle);
    await worker.close();
    await flows.close();
    await queue.close();
  };
  const answer = async (asked: Promise<unknown>): Promise<void> => {
    await within(options.openTimeoutMs ?? OPEN_TIMEOUT_MS.worker, asked).catch((cause: unknown) => {
      throw queueUnavailable(cause, 'Check QUEUE_URL.');
    });
  };
  try {
    await answer(Promise.all([queue, flows, worker].map((each) => each.waitUntilReady())));
  } catch (error) {
    await close().catch(onError);
    throw error;
  }
  if (patience !== undefined) idle = setTimeout(takeNoMore, patience);
  const ended = worker.run().catch(onError);
  return {
    ended,
    enqueueMissing: async (job, unfinished) => {
      if (!(await lacksEntry(queue, job, unfinished))) return false;
      // Entries that are there stay as they are.
      await flows.add(queueFlow(job, unfinished));
      return true;
    },
    ping: () => answer(queue.isPaused()),
    close,
  };
}

async function lacksEntry(
  queue: QueueObject,
  { id: jobId, shards }: QueuedJob,
  unfinished: readonly number[],
): Promise<boolean> {
  const exists = async (shard?: number) =>
    (await queue.getJobState(queueEntryId({ jobId, shard }))) !== 'unknown';
  if (!(await exists())) return true;
  for (const shard of unfinished) if (!(await exists(shard))) return true;
  if (unfinished.length > 0 || (await queue.getJobState(jobId)) !== 'waiting-children') {
    return false;
  }
  for (let shard = 0; shard < shards; shard++) if (await exists(shard)) return false;
  // It waits for the entry of a shard that was lost on the way: nothing would wake it.
  await queue.remove(jobId);
  return true;
}

function openWorker(backend: QueueBackend, options: QueueConsumerOptions): WorkerObject {
  // BullMQ passes a signal only to a processor that declares three parameters.
  const process = (entry: QueueEntry, token: string | undefined, lost: AbortSignal | undefined) =>
    processEntry(entry, token, lost ?? new AbortController().signal, options);
  return backend.worker(process, {
    autorun: false,
    concurrency: 1,
    lockDuration: options.lockMs,
    stalledInterval: options.stalledCheckMs,
    maxStalledCount: MAX_STALLED_COUNT,
  });
}

/** Retries are told to BullMQ as delays, so that the job's row alone counts attempts. */
async function processEntry(
  entry: QueueEntry,
  token: string | undefined,
  lost: AbortSignal,
  { handle, onError }: QueueConsumerOptions,
): Promise<void> {
  const payload = SensitivityJobPayload.safeParse(entry.data);
  if (!payload.success) throw new UnrecoverableError('the payload names no job');
  const verdict = await handle(payload.data, lost).catch((error: unknown): Verdict => {
    if (error instanceof LayersenseError && error.code === 'not_found') return { kind: 'done' };
    // Only a database that is away gets here: the row could not be written, so come back later.
    onError(error instanceof Error ? error : new Error(String(error)));
    return { kind: 'again', afterMs: REDELIVER_AFTER_MS };
  });
  if (verdict.kind === 'done') return;
  if (verdict.kind === 'failed') throw new UnrecoverableError(verdict.reason);
  if (verdict.afterMs === 0) {
    await entry.moveToWait(token);
    throw new WaitingError();
  }
  await entry.moveToDelayed(Date.now() + verdict.afterMs, token);
  throw new DelayedError();
}
