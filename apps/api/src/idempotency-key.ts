import { createHash } from 'node:crypto';
import { canonicalJson } from '@layersense/contracts';
import type { IdempotencyKey } from '@layersense/database';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';

/**
 * The header of draft-ietf-httpapi-idempotency-key-header: a structured string, so in quotes. Most
 * clients leave them away, and mean the same key.
 */
export const IdempotencyKeyHeader = z.looseObject({
  'idempotency-key': z
    .string()
    .regex(
      /^("[!#-[\]-~]{1,255}"|[!#-[\]-~]{1,255})$/,
      'A key has 1 to 255 visible ASCII characters without quotes and backslashes, for example a UUID.',
    )
    .optional()
    .describe('repeats of a request with the same key within 24 hours answer as it did'),
});

/** Undefined where the request has none. */
export function idempotencyKeyOf(
  request: FastifyRequest,
  headers: z.infer<typeof IdempotencyKeyHeader>,
): IdempotencyKey | undefined {
  const given = headers['idempotency-key'];
  if (given === undefined) return undefined;
  const { method, url } = request.routeOptions;
  const { body } = request;
  return {
    scope: request.apiKey?.prefix ?? 'anonymous',
    key: given.replace(/^"(.*)"$/, '$1'),
    fingerprint: createHash('sha256').update(canonicalJson({ method, url, body })).digest('hex'),
  };
}
