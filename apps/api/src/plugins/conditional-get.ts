import { createHash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';

export const IfNoneMatchHeader = z.looseObject({
  'if-none-match': z.string().optional().describe('the ETag of the answer that is at hand'),
});

/** For the `response` of a route. */
export const unchanged = z.null().describe('As the given ETag says: there is no body');

/**
 * For a route's `onSend`: a strong ETag over the bytes of the answer, and 304 without them for a
 * reader that has them already (RFC 9110, 13.1.2).
 */
export async function answerUnlessKnown(
  request: FastifyRequest,
  reply: FastifyReply,
  payload: unknown,
): Promise<unknown> {
  if (typeof payload !== 'string' || reply.statusCode !== 200) return payload;
  const etag = `"${createHash('sha256').update(payload).digest('base64url')}"`;
  reply.header('etag', etag);
  if (!isListed(etag, request.headers['if-none-match'])) return payload;
  reply.code(304).removeHeader('content-type').removeHeader('content-length');
  return null;
}

/** A weak tag of the same bytes counts too: If-None-Match compares weakly. */
function isListed(etag: string, header = ''): boolean {
  if (header.trim() === '*') return true;
  return header.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag);
}
