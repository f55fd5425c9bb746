import type { FastifyRequest } from 'fastify';

const probes = new Set(['/healthz', '/readyz', '/metrics']);

/** Asked every few seconds by machines: neither logged nor traced, but for what they find wrong. */
export const isProbe = ({ url }: Pick<FastifyRequest, 'url'>): boolean => probes.has(url);
