import {
  LayersenseError,
  SENSITIVITY_JOB_OPTIONS,
  SENSITIVITY_QUEUE,
  type SensitivityJobPayload,
} from '@layersense/contracts';
import { createPostgresBackend, Queue, withBackend } from 'bullmq';

const OPEN_TIMEOUT_MS = 3000;
const COMMAND_TIMEOUT_MS = 3000;
const COUNTED_STATES = ['waiting', 'prioritized', 'delayed', 'active'] as const;

export interface JobQueueOptions {
  /** `redis://`, `rediss://` or `postgres://`. */
  url: string;
  /** Redis key prefix or PostgreSQL schema; BullMQ's own (`bull`, `bullmq`) when absent. */
  namespace?: string | undefined;
  /** Connection errors between calls; each call also reports its own. */
  onError: (error: Error) => void;
}

/** The producing side of the queue. Every method throws `queue_unavailable` within seconds. */
export interface JobQueue {
  /** Says "look at this job". Repeating it while the entry is there changes nothing. */
  enqueue(jobId: string): Promise<void>;
  ping(): Promise<void>;
  /** Entries by state: `waiting`, `prioritized`, `delayed`, `active`. */
  counts(): Promise<Record<string, number>>;
  /** BullMQ's own object, for the operators' page. */
  bullQueue(): Promise<Queue>;
  close(): Promise<void>;
}

type Producer = Pick<Queue, 'add' | 'isPaused' | 'getJobCounts' | 'waitUntilReady' | 'close'> & {
  on(event: 'error', listener: (error: Error) => void): unknown;
};

export function createJobQueue(options: JobQueueOptions): JobQueue {
  let opening: Promise<Producer> | undefined;

  // BullMQ remembers a first connection that failed for ever, so only a success is kept.
  const opened = (): Promise<Producer> => {
    opening ??= openProducer(options).catch((error: unknown) => {
      opening = undefined;
      throw error;
    });
    return opening;
  };

  const attempt = async <T>(call: (producer: Producer) => Promise<T>): Promise<T> => {
    try {
      return await call(await opened());
    } catch (cause) {
      throw queueUnavailable(cause);
    }
  };

  return {
    enqueue: (jobId) =>
      attempt(async (producer) => {
        const payload: SensitivityJobPayload = { jobId };
        await producer.add('sensitivity', payload, { ...SENSITIVITY_JOB_OPTIONS, jobId });
      }),
    ping: () => attempt(async (producer) => void (await producer.isPaused())),
    counts: () => attempt((producer) => producer.getJobCounts(...COUNTED_STATES)),
    bullQueue: () => attempt((producer) => Promise.resolve(producer as Queue)),
    close: async () => {
      const producer = await opening?.catch(() => undefined);
      await producer?.close();
    },
  };
}

async function openProducer(options: JobQueueOptions): Promise<Producer> {
  const producer = createProducer(options);
  producer.on('error', options.onError);
  try {
    await within(OPEN_TIMEOUT_MS, producer.waitUntilReady());
    return producer;
  } catch (error) {
    await producer.close().catch(options.onError);
    throw error;
  }
}

function createProducer({ url, namespace }: JobQueueOptions): Producer {
  if (isPostgres(url)) {
    const { Queue } = withBackend(createPostgresBackend);
    return new Queue(SENSITIVITY_QUEUE, {
      connection: {
        connectionString: url,
        max: 2,
        migrate: true,
        connectionTimeoutMillis: OPEN_TIMEOUT_MS,
        query_timeout: COMMAND_TIMEOUT_MS,
        ...(namespace ? { schema: namespace } : {}),
      },
    });
  }
  return new Queue(SENSITIVITY_QUEUE, {
    connection: {
      url,
      // A request must learn at once that Redis is away, instead of waiting in ioredis' memory.
      enableOfflineQueue: false,
      maxRetriesPerRequest: 1,
      commandTimeout: COMMAND_TIMEOUT_MS,
    },
    ...(namespace ? { prefix: namespace } : {}),
  });
}

const isPostgres = (url: string): boolean => /^postgres(ql)?:/.test(url);

function within<T>(milliseconds: number, promise: Promise<T>): Promise<T> {
  const timeout = new Promise<never>((_, reject) => {
    setTimeout(() => reject(new Error(`no answer in ${milliseconds} ms`)), milliseconds).unref();
  });
  return Promise.race([promise, timeout]);
}

function queueUnavailable(cause: unknown): LayersenseError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new LayersenseError(
    'queue_unavailable',
    `The job queue does not answer (${reason}). Try again in a moment; if it lasts, check QUEUE_URL.`,
    {},
    { cause },
  );
}
