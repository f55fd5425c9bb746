import {
  type Job,
  LayersenseError,
  queueEntryId,
  queueFlow,
  SENSITIVITY_QUEUE,
  SensitivityJobPayload,
} from '@layersense/contracts';
import {
  createPostgresBackend,
  createRedisBackend,
  DelayedError,
  type FlowProducer,
  type Queue,
  type Job as QueueEntry,
  UnrecoverableError,
  WaitingError,
  type Worker,
  withBackend,
} from 'bullmq';

const OPEN_TIMEOUT_MS = 10_000;
const REDELIVER_AFTER_MS = 5000;
/** A worker that dies leaves a stalled entry. How often that may happen is the row's to decide. */
const MAX_STALLED_COUNT = 1000;

/** What becomes of a delivery. `again` hands the entry back: at once, or after a delay. */
export type Verdict =
  | { kind: 'done' }
  | { kind: 'failed'; reason: string }
  | { kind: 'again'; afterMs: number };

export interface QueueConsumerOptions {
  /** `redis://`, `rediss://` or `postgres://`. */
  url: string;
  /** Redis key prefix or PostgreSQL schema; BullMQ's own (`bull`, `bullmq`) when absent. */
  namespace: string | undefined;
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

export type QueuedJob = Pick<Job, 'id' | 'priority' | 'shards'>;

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
  const { queue, flows, worker } = connect(
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
    await within(options.openTimeoutMs ?? OPEN_TIMEOUT_MS, asked).catch((cause: unknown) => {
      throw queueUnavailable(cause);
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
      await flows.add(queueFlow({ ...job, shards: unfinished }));
      return true;
    },
    ping: () => answer(queue.isPaused()),
    close,
  };
}

function queueUnavailable(cause: unknown): LayersenseError {
  return new LayersenseError(
    'queue_unavailable',
    `The job queue does not answer (${messageOf(cause)}). Check QUEUE_URL.`,
    {},
    { cause },
  );
}

async function lacksEntry(
  queue: AnyQueue,
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

type AnyQueue = Pick<Queue, 'getJobState' | 'isPaused' | 'remove' | 'waitUntilReady' | 'close'> & {
  on(event: 'error', listener: (error: Error) => void): unknown;
};
type AnyFlows = Pick<FlowProducer, 'add' | 'waitUntilReady' | 'close'> & {
  on(event: 'error', listener: (error: Error) => void): unknown;
};
type AnyWorker = Pick<Worker, 'run' | 'cancelJob' | 'waitUntilReady' | 'close'> & {
  on(event: 'error', listener: (error: Error) => void): unknown;
  on(event: 'lockRenewalFailed', listener: (jobIds: string[]) => void): unknown;
};

interface Connections {
  queue: AnyQueue;
  flows: AnyFlows;
  worker: AnyWorker;
}

function connect(options: QueueConsumerOptions): Connections {
  const { url, namespace, lockMs, stalledCheckMs } = options;
  // BullMQ passes a signal only to a processor that declares three parameters.
  const process = (entry: QueueEntry, token: string | undefined, lost: AbortSignal | undefined) =>
    processEntry(entry, token, lost ?? new AbortController().signal, options);
  const settings = {
    autorun: false,
    concurrency: 1,
    lockDuration: lockMs,
    stalledInterval: stalledCheckMs,
    maxStalledCount: MAX_STALLED_COUNT,
  };
  if (/^postgres(ql)?:/.test(url)) {
    const { FlowProducer, Queue, Worker } = withBackend(createPostgresBackend);
    const connection = {
      connectionString: url,
      max: 2,
      migrate: true,
      connectionTimeoutMillis: OPEN_TIMEOUT_MS,
      ...(namespace ? { schema: namespace } : {}),
    };
    return {
      queue: new Queue(SENSITIVITY_QUEUE, { connection }),
      flows: new FlowProducer({ connection }),
      worker: new Worker(SENSITIVITY_QUEUE, process, { connection, ...settings }),
    };
  }
  const { FlowProducer, Queue, Worker } = withBackend(createRedisBackend);
  const connection = { url, maxRetriesPerRequest: null };
  const prefix = namespace ? { prefix: namespace } : {};
  return {
    queue: new Queue(SENSITIVITY_QUEUE, { connection, ...prefix }),
    flows: new FlowProducer({ connection, ...prefix }),
    worker: new Worker(SENSITIVITY_QUEUE, process, { connection, ...prefix, ...settings }),
  };
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

function within<T>(milliseconds: number, promise: Promise<T>): Promise<T> {
  const timeout = new Promise<never>((_, reject) => {
    setTimeout(() => reject(new Error(`no answer in ${milliseconds} ms`)), milliseconds).unref();
  });
  return Promise.race([promise, timeout]);
}

const messageOf = (cause: unknown): string =>
  cause instanceof Error ? cause.message : String(cause);
