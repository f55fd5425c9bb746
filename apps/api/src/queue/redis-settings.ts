/** Longest wait for a connection to the queue. */
export const OPEN_TIMEOUT_MS = 3000;
/** Longest wait for its answer. */
export const COMMAND_TIMEOUT_MS = 3000;

export const isRedis = (url: string): boolean => /^rediss?:/.test(url);

/** For ioredis: a request must learn at once that Redis is away, instead of waiting in its memory. */
export const redisSettings = {
  enableOfflineQueue: false,
  maxRetriesPerRequest: 1,
  commandTimeout: COMMAND_TIMEOUT_MS,
} as const;
