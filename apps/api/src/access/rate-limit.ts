import rateLimit, { normalizeIP } from '@fastify/rate-limit';
import { LayersenseError } from '@layersense/contracts';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { App } from '../app-context.js';

export type Limit = (request: FastifyRequest, reply: FastifyReply) => Promise<void>;

/**
 * Counts the requests of each key, and of each address without one (of each /64 for IPv6), in this
 * process. Zero is no limit.
 */
export async function createLimit(app: App, perMinute: number): Promise<Limit> {
  if (perMinute === 0) return () => Promise.resolve();
  await app.register(rateLimit, { global: false, max: perMinute, timeWindow: 60_000 });
  const count = app.createRateLimit({
    keyGenerator: (request) => request.apiKey?.prefix ?? normalizeIP(request.ip),
  });
  return async (request, reply) => {
    const state = await count(request);
    if (state.isAllowed) return;
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
