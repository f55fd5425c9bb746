import { redisServerAvailable, startRedisServer } from '@layersense/testing';

/** What the queue can run on. Without `start` it is the test's own database. */
export const queueBackends = [
  { backend: 'PostgreSQL', available: true, start: undefined },
  { backend: 'Redis', available: redisServerAvailable(), start: startRedisServer },
];
