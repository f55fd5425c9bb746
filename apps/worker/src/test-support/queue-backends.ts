import { redisServerAvailable, startRedisServer } from '@layersense/testing';

export interface QueueBackend {
  readonly backend: string;
  readonly available: boolean;
  /** Starts the server; on PostgreSQL the queue is in the database that there is anyway. */
  readonly start: typeof startRedisServer | undefined;
}

/** Both kinds of queue; Redis where it is installed. */
export const queueBackends: readonly QueueBackend[] = [
  { backend: 'PostgreSQL', available: true, start: undefined },
  { backend: 'Redis', available: redisServerAvailable(), start: startRedisServer },
];
