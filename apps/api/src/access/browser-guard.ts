import { LayersenseError } from '@layersense/contracts';
import type { FastifyRequest } from 'fastify';
import { isLoopback } from './loopback.js';

/**
 * While no key is needed, the browser of this machine's user is the way in for others: a page of
 * theirs can send requests to localhost, and under a name of its own that it lets resolve to
 * 127.0.0.1 (DNS rebinding) also read the answers. Programs send neither of these headers so.
 *
 * @throws LayersenseError `origin_not_allowed`
 */
export function assertFromThisMachine({ headers, method }: FastifyRequest): void {
  const host = headers.host?.replace(/:\d*$/, '') ?? '';
  const foreignName = host !== '' && !isLoopback(host);
  const site = headers['sec-fetch-site'] ?? 'none';
  const foreignPage = site !== 'none' && site !== 'same-origin' && method !== 'GET';
  if (!foreignName && !foreignPage) return;
  throw new LayersenseError(
    'origin_not_allowed',
    'Without API keys, only programs on this machine are answered, under the name localhost. Create a key with `layersense keys create NAME` and send it as a bearer token.',
  );
}
