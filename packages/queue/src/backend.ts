import {
  createPostgresBackend,
  createRedisBackend,
  type FlowProducer,
  type Processor,
  type Queue,
  type Worker,
  withBackend,
} from 'bullmq';
import { SENSITIVITY_QUEUE } from './queue-entries.js';
import { COMMAND_TIMEOUT_MS, OPEN_TIMEOUT_MS } from './timeouts.js';

/** Where a queue lies. */
export interface QueuePlace {
  /** `redis://`, `rediss://` or `postgres://`. */
  readonly url: string;
  /** Redis key prefix or PostgreSQL schema; BullMQ's own (`bull`, `bullmq`) when absent. */
  readonly namespace?: string | undefined;
}

/** Who asks: a request has to be answered soon, a worker can wait until the queue is back. */
export type Asker = 'request' | 'worker';

/** An object of BullMQ's, whichever backend it is of. */
export interface Connection {
  on(event: 'error', listener: (error: Error) => void): unknown;
  waitUntilReady(): Promise<unknown>;
  close(): Promise<unknown>;
}
export type QueueObject = Connection &
  Pick<Queue, 'getJobState' | 'getJobCounts' | 'isPaused' | 'remove'>;
export type FlowsObject = Connection & Pick<FlowProducer, 'add'>;
export type WorkerObject = Connection &
  Pick<Worker, 'run' | 'cancelJob'> & {
    on(event: 'lockRenewalFailed', listener: (jobIds: string[]) => void): unknown;
  };

interface WorkerSettings {
  readonly autorun: boolean;
  readonly concurrency: number;
  readonly lockDuration: number;
  readonly stalledInterval: number;
  readonly maxStalledCount: number;
}

/** What opens connections to one queue. */
export interface QueueBackend {
  queue(): QueueObject;
  flows(): FlowsObject;
  worker(process: Processor, settings: WorkerSettings): WorkerObject;
}

export const isRedis = (url: string): boolean => /^rediss?:/.test(url);

/** For ioredis: a request must learn at once that Redis is away, instead of waiting in its memory. */
export const redisRequestSettings = {
  enableOfflineQueue: false,
  maxRetriesPerRequest: 1,
  commandTimeout: COMMAND_TIMEOUT_MS,
} as const;

/** The one choice of a backend, by the queue's URL. */
export function queueBackend(place: QueuePlace, asker: Asker): QueueBackend {
  return isRedis(place.url) ? redisBackend(place, asker) : postgresBackend(place, asker);
}

function redisBackend({ url, namespace }: QueuePlace, asker: Asker): QueueBackend {
  const { FlowProducer, Queue, Worker } = withBackend(createRedisBackend);
  // BullMQ's workers block on a command, so theirs may take for ever.
  const patience = asker === 'request' ? redisRequestSettings : { maxRetriesPerRequest: null };
  const options = {
    connection: { url, ...patience },
    ...(namespace ? { prefix: namespace } : {}),
  };
  return {
    queue: () => new Queue(SENSITIVITY_QUEUE, options),
    flows: () => new FlowProducer(options),
    worker: (process, settings) =>
      new Worker(SENSITIVITY_QUEUE, process, { ...options, ...settings }),
  };
}

function postgresBackend({ url, namespace }: QueuePlace, asker: Asker): QueueBackend {
  const { FlowProducer, Queue, Worker } = withBackend(createPostgresBackend);
  const connection = {
    connectionString: url,
    max: 2,
    migrate: true,
    connectionTimeoutMillis: OPEN_TIMEOUT_MS[asker],
    ...(asker === 'request' ? { query_timeout: COMMAND_TIMEOUT_MS } : {}),
    ...(namespace ? { schema: namespace } : {}),
  };
  return {
    queue: () => new Queue(SENSITIVITY_QUEUE, { connection }),
    flows: () => new FlowProducer({ connection }),
    worker: (process, settings) =>
      new Worker(SENSITIVITY_QUEUE, process, { connection, ...settings }),
  };
}
