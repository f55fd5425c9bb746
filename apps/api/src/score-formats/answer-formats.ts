import { Readable } from 'node:stream';
import { type ReportFormat, reportFormats } from '@layersense/report-formats';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { negotiate } from '../negotiate.js';

const JSON_TYPE = 'application/json';

/**
 * What a report is answered as beside JSON: line by line, where JSON goes through the schema of its
 * route.
 */
export const answerFormats = reportFormats.filter(
  ({ readBy, mediaType }) => readBy === 'programs' && mediaType !== JSON_TYPE,
);

type ListFormat = ReportFormat & Required<Pick<ReportFormat, 'listLines'>>;

/** The same for stored scores of any runs. */
export const listFormats = answerFormats.filter(
  (format): format is ListFormat => format.listLines !== undefined,
);

/**
 * The format that a request accepts most; null for JSON.
 *
 * @throws LayersenseError `not_acceptable`
 */
export function acceptedFormat<Format extends ReportFormat>(
  request: FastifyRequest,
  reply: FastifyReply,
  formats: readonly Format[],
): Format | null {
  reply.header('vary', 'accept');
  const type = negotiate(request, [JSON_TYPE, ...formats.map(({ mediaType }) => mediaType)]);
  return formats.find(({ mediaType }) => mediaType === type) ?? null;
}

/** The answers of a route by media type, as its schema says them: `json`, and lines of text. */
export function contentOf<Schema extends z.ZodType>(
  json: Schema,
  formats: readonly ReportFormat[],
): Record<typeof JSON_TYPE, { schema: Schema }> {
  const text = formats.map(({ mediaType }) => [mediaType, { schema: z.string() }]);
  return { [JSON_TYPE]: { schema: json }, ...Object.fromEntries(text) };
}

/** Sends lines as they are made, so that none of them waits for all of them. */
export function sendLines(
  reply: FastifyReply,
  format: ReportFormat,
  lines: AsyncIterable<string>,
): FastifyReply {
  // Text through the routes' serialisers would be quoted; a stream is sent as it is.
  return reply
    .type(`${format.mediaType}; charset=utf-8`)
    .send(Readable.from(withEnds(lines, format)) as never);
}

/** Lines as they are answered. */
export async function* withEnds(
  lines: AsyncIterable<string>,
  { lineEnd }: ReportFormat,
): AsyncGenerator<string> {
  for await (const line of lines) yield `${line}${lineEnd}`;
}
