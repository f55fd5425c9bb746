import { OPEN_TIMEOUT_MS, redisRequestSettings } from '@layersense/queue';
import { Redis } from 'ioredis';

/** Where all replicas count the requests together. */
export interface SharedCounters {
  /** `redis://` or `rediss://`. */
  readonly url: string;
  /** Key prefix of the queue, which the counters share; BullMQ's own when absent. */
  readonly namespace?: string | undefined;
}

/** Resolves once it is connected, or when that has failed: it goes on trying, and each call says so. */
export async function connectCounters({ url }: SharedCounters): Promise<Redis> {
  const redis = new Redis(url, {
    ...redisRequestSettings,
    connectTimeout: OPEN_TIMEOUT_MS.request,
    lazyConnect: true,
  });
  redis.on('error', () => undefined);
  await redis.connect().catch(() => undefined);
  return redis;
}

export function counterPrefix({ namespace = 'bull' }: SharedCounters): string {
  return `${namespace}:requests:`;
}
