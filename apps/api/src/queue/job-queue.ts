import { type Job, LayersenseError, queueFlow, SENSITIVITY_QUEUE } from '@layersense/contracts';
import { createPostgresBackend, FlowProducer, Queue, withBackend } from 'bullmq';
import { COMMAND_TIMEOUT_MS, isRedis, OPEN_TIMEOUT_MS, redisSettings } from './redis-settings.js';

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
  /**
   * Says "look at this job", and at each of its shards. Repeating it while the entries are there
   * changes nothing; it is for a job of which nothing is computed.
   */
  enqueue(job: Pick<Job, 'id' | 'priority' | 'shards'>): Promise<void>;
  ping(): Promise<void>;
  /** Entries by state: `waiting`, `prioritized`, `delayed`, `active`. */
  counts(): Promise<Record<string, number>>;
  /** BullMQ's own object, for the operators' page. */
  bullQueue(): Promise<Queue>;
  close(): Promise<void>;
}

interface Connection {
  on(event: 'error', listener: (error: Error) => void): unknown;
  waitUntilReady(): Promise<unknown>;
  close(): Promise<unknown>;
}

interface Producer {
  readonly queue: Pick<Queue, 'isPaused' | 'getJobCounts'> & Connection;
  readonly flows: Pick<FlowProducer, 'add'> & Connection;
}

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
    enqueue: ({ id, priority, shards: count }) =>
      attempt(async ({ flows }) => {
        const shards = count === 1 ? [] : Array.from({ length: count }, (_, shard) => shard);
        await flows.add(queueFlow({ id, priority, shards }));
      }),
    ping: () => attempt(async ({ queue }) => void (await queue.isPaused())),
    counts: () => attempt(({ queue }) => queue.getJobCounts(...COUNTED_STATES)),
    bullQueue: () => attempt(({ queue }) => Promise.resolve(queue as Queue)),
    close: async () => {
      const producer = await opening?.catch(() => undefined);
      await Promise.all([producer?.queue.close(), producer?.flows.close()]);
    },
  };
}

async function openProducer(options: JobQueueOptions): Promise<Producer> {
  const producer = createProducer(options);
  const connections = [producer.queue, producer.flows];
  for (const connection of connections) connection.on('error', options.onError);
  try {
    await within(OPEN_TIMEOUT_MS, Promise.all(connections.map((each) => each.waitUntilReady())));
    return producer;
  } catch (error) {
    await Promise.all(connections.map((each) => each.close().catch(options.onError)));
    throw error;
  }
}

function createProducer({ url, namespace }: JobQueueOptions): Producer {
  if (!isRedis(url)) {
    const backend = withBackend(createPostgresBackend);
    const connection = {
      connectionString: url,
      max: 2,
      migrate: true,
      connectionTimeoutMillis: OPEN_TIMEOUT_MS,
      query_timeout: COMMAND_TIMEOUT_MS,
      ...(namespace ? { schema: namespace } : {}),
    };
    return {
      queue: new backend.Queue(SENSITIVITY_QUEUE, { connection }),
      flows: new backend.FlowProducer({ connection }),
    };
  }
  const connection = { url, ...redisSettings };
  const prefix = namespace ? { prefix: namespace } : {};
  return {
    queue: new Queue(SENSITIVITY_QUEUE, { connection, ...prefix }),
    flows: new FlowProducer({ connection, ...prefix }),
  };
}

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
