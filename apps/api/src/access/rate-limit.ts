import rateLimit, { normalizeIP } from '@fastify/rate-limit';
import { LayersenseError } from '@layersense/contracts';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { App, AppDependencies } from '../app-context.js';
import { connectCounters, counterPrefix } from './shared-counters.js';

export type Limit = (request: FastifyRequest, reply: FastifyReply) => Promise<void>;

/**
 * Counts the requests of each key, and of each address without one (of each /64 for IPv6): in Redis,
 * together with all replicas, or in this process. Zero is no limit, and there is none while Redis is
 * away: it must not take the service with it.
 */
export async function createLimit(
  app: App,
  { config, counters, logger }: Pick<AppDependencies, 'config' | 'counters' | 'logger'>,
): Promise<Limit> {
  const { rateLimitPerMinute: perMinute } = config;
  if (perMinute === 0) return () => Promise.resolve();
  const redis = counters && (await connectCounters(counters));
  app.addHook('onClose', () => redis?.disconnect());
  await app.register(rateLimit, {
    global: false,
    max: perMinute,
    timeWindow: 60_000,
    keyGenerator: (request) => request.apiKey?.prefix ?? normalizeIP(request.ip),
    ...(redis && counters ? { redis, nameSpace: counterPrefix(counters) } : {}),
  });
  const count = app.createRateLimit();
  let isAway = false;
  let isProbed = false;
  const countUnlessAway = async (request: FastifyRequest) => {
    // One request at a time finds out whether Redis is back; others do not wait for its silence.
    const isProbe = isAway;
    if (isProbe && isProbed) return undefined;
    isProbed = isProbe;
    try {
      const state = await count(request);
      if (isAway) logger.info('requests are counted in Redis again');
      isAway = false;
      return state;
    } catch (error) {
      if (!redis) throw error;
      if (!isAway) logger.warn({ err: error }, 'Redis is away: no rate limit until it is back');
      isAway = true;
      return undefined;
    } finally {
      if (isProbe) isProbed = false;
    }
  };
  return async (request, reply) => {
    const state = await countUnlessAway(request);
    if (!state || state.isAllowed) return;
    reply
      .header('ratelimit-limit', state.max)
      .header('ratelimit-remaining', state.remaining)
      .header('ratelimit-reset', state.ttlInSeconds);
    if (!state.isExceeded) return;
    reply.header('retry-after', Math.max(1, state.ttlInSeconds));
    throw new LayersenseError(
      'rate_limited',
      `More than ${perMinute} requests in a minute. Wait ${state.ttlInSeconds} seconds; jobs are best polled as their Retry-After says.`,
    );
  };
}
