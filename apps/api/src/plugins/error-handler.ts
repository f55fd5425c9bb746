import {
  type ErrorCode,
  type errorCodes,
  LayersenseError,
  type Problem,
  toProblem,
} from '@layersense/contracts';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import {
  hasZodFastifySchemaValidationErrors,
  type ZodFastifySchemaValidationError,
} from 'fastify-type-provider-zod';
import type { App } from '../app-context.js';

const RETRY_AFTER_SECONDS = 5;

/** Every error leaves as RFC 9457 problem details, with a code of the catalogue. */
export function registerErrorHandler(app: App): void {
  app.setErrorHandler(answerError);
  app.setNotFoundHandler((request, reply) =>
    sendProblem(
      reply,
      toProblem(
        new LayersenseError('not_found', `There is no ${request.method} ${pathOf(request)}.`),
      ),
    ),
  );
}

/** Also for what Fastify refuses before it has a route, such as an address it cannot decode. */
export function answerError(
  error: FastifyError,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const problem = problemOf(error, request);
  if (problem.status >= 500) request.log.error({ err: error }, problem.title);
  return sendProblem(reply, problem);
}

/** As text, because a route's response schemas describe its answers and not its errors. */
function sendProblem(reply: FastifyReply, problem: Problem): FastifyReply {
  if (problem.status === 503) reply.header('retry-after', RETRY_AFTER_SECONDS);
  return reply.code(problem.status).type('application/problem+json').send(JSON.stringify(problem));
}

function problemOf(error: FastifyError, request: FastifyRequest): Problem {
  if (error instanceof LayersenseError) return toProblem(error);
  if (hasZodFastifySchemaValidationErrors(error)) return validationProblem(error.validation);
  const known = requestErrors[error.code];
  if (known) return toProblem(new LayersenseError(known.code, known.detail(request)));
  if (error.statusCode !== undefined && error.statusCode < 500) {
    return { ...toProblem(new LayersenseError('invalid_request', error.message)), status: 400 };
  }
  // The message of an unexpected error may hold anything, so it goes to the log alone.
  return toProblem(
    new LayersenseError(
      'internal',
      'An unexpected error occurred. It is in the log of the API, under this request id.',
      { request_id: request.id },
    ),
  );
}

function validationProblem(issues: readonly ZodFastifySchemaValidationError[]): Problem {
  const errors = issues.flatMap((issue) => {
    const parent = issue.instancePath === '/' ? '' : issue.instancePath;
    const unknown = unknownKeys(issue);
    return unknown.length > 0
      ? unknown.map((key) => ({ pointer: `${parent}/${key}`, detail: 'There is no such field.' }))
      : [{ pointer: parent, detail: issue.message ?? 'Not valid.' }];
  });
  const detail = errors.map(({ pointer, detail }) => `${pointer || 'body'}: ${detail}`).join('; ');
  return { ...toProblem(new LayersenseError('invalid_request', detail)), errors };
}

function unknownKeys({ params }: ZodFastifySchemaValidationError): readonly string[] {
  const keys: unknown = params.keys;
  return Array.isArray(keys) ? keys.map(String) : [];
}

interface RequestError {
  readonly code: ErrorCode & keyof typeof errorCodes;
  readonly detail: (request: FastifyRequest) => string;
}

const invalidJson: RequestError = {
  code: 'invalid_json',
  detail: () => 'The body could not be parsed as JSON. Send one JSON object.',
};

/** What Fastify itself refuses before a route sees the request. */
const requestErrors: Readonly<Record<string, RequestError>> = {
  FST_ERR_CTP_INVALID_JSON_BODY: invalidJson,
  FST_ERR_CTP_EMPTY_JSON_BODY: invalidJson,
  FST_ERR_CTP_INVALID_MEDIA_TYPE: {
    code: 'unsupported_media_type',
    detail: (request) =>
      `The body is ${request.headers['content-type'] ?? 'untyped'}. Send it as application/json.`,
  },
  FST_ERR_CTP_BODY_TOO_LARGE: {
    code: 'body_too_large',
    detail: (request) =>
      `The body exceeds ${request.routeOptions.bodyLimit} bytes, the limit that BODY_LIMIT_BYTES sets.`,
  },
};

const pathOf = (request: FastifyRequest): string => request.url.split('?', 1)[0] ?? request.url;
