import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { negotiate } from '../negotiate.js';

const scoreTypes = ['application/json', 'text/csv', 'application/x-ndjson'] as const;
type ScoreType = (typeof scoreTypes)[number];

/** @throws LayersenseError `not_acceptable` */
export function scoreTypeOf({ headers }: FastifyRequest, reply: FastifyReply): ScoreType {
  reply.header('vary', 'accept');
  return negotiate(headers.accept, scoreTypes);
}

/** Sends lines as they are made, so that none of them waits for all of them. */
export function sendLines(
  reply: FastifyReply,
  type: Exclude<ScoreType, 'application/json'>,
  lines: Iterable<string> | AsyncIterable<string>,
): FastifyReply {
  // Text through the routes' serialisers would be quoted; a stream is sent as it is.
  return reply.type(`${type}; charset=utf-8`).send(Readable.from(lines) as never);
}

export function* ndjson(rows: Iterable<unknown>): Generator<string> {
  for (const row of rows) yield `${JSON.stringify(row)}\n`;
}
