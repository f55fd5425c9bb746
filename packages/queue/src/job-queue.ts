import type { Queue } from 'bullmq';
import { type FlowsObject, type QueueObject, type QueuePlace, queueBackend } from './backend.js';
import { allShards, type QueuedJob, queueFlow } from './queue-entries.js';
import { queueUnavailable } from './queue-unavailable.js';
import { OPEN_TIMEOUT_MS, within } from './timeouts.js';

const COUNTED_STATES = ['waiting', 'prioritized', 'delayed', 'active'] as const;

export interface JobQueueOptions extends QueuePlace {
  /** Hears of connection errors between calls; each call also reports its own. */
  readonly onError: (error: Error) => void;
}

/** The producing side of the queue. Every method throws `queue_unavailable` within seconds. */
export interface JobQueue {
  /**
   * Says "look at this job", and at each of its shards. Repeating it while the entries are there
   * changes nothing; it is for a job of which nothing is computed.
   */
  enqueue(job: QueuedJob): Promise<void>;
  ping(): Promise<void>;
  /** Entries by state: `waiting`, `prioritized`, `delayed`, `active`. */
  counts(): Promise<Record<string, number>>;
  /** BullMQ's own object, for the operators' page. */
  bullQueue(): Promise<Queue>;
  close(): Promise<void>;
}

interface Producer {
  readonly queue: QueueObject;
  readonly flows: FlowsObject;
}

const ADVICE = 'Try again in a moment; if it lasts, check QUEUE_URL.';

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
      throw queueUnavailable(cause, ADVICE);
    }
  };

  return {
    enqueue: (job) =>
      attempt(async ({ flows }) => void (await flows.add(queueFlow(job, allShards(job))))),
    ping: () => attempt(async ({ queue }) => void (await queue.isPaused())),
    counts: () => attempt(({ queue }) => queue.getJobCounts(...COUNTED_STATES)),
    bullQueue: () => attempt(({ queue }) => Promise.resolve(queue as Queue)),
    close: async () => {
      const producer = await opening?.catch(() => undefined);
      await Promise.all([producer?.queue.close(), producer?.flows.close()]);
    },
  };
}

async function openProducer({ onError, ...place }: JobQueueOptions): Promise<Producer> {
  const backend = queueBackend(place, 'request');
  const producer = { queue: backend.queue(), flows: backend.flows() };
  const connections = [producer.queue, producer.flows];
  for (const connection of connections) connection.on('error', onError);
  try {
    const ready = Promise.all(connections.map((each) => each.waitUntilReady()));
    await within(OPEN_TIMEOUT_MS.request, ready);
    return producer;
  } catch (error) {
    await Promise.all(connections.map((each) => each.close().catch(onError)));
    throw error;
  }
}
