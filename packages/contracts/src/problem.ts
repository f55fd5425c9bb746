import { z } from 'zod';
import { type ErrorCode, errorCodes, type LayersenseError } from './error-codes.js';
import { printable } from './printable.js';
import { redactSecrets } from './redact-secrets.js';

/** RFC 9457 problem details, with the catalogue's code. */
export const Problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.number().int(),
    detail: z.string(),
    code: z.enum(Object.keys(errorCodes) as [ErrorCode, ...ErrorCode[]]),
    retryable: z.boolean(),
    context: z.record(z.string(), z.unknown()).optional(),
    errors: z.array(z.object({ pointer: z.string(), detail: z.string() })).optional(),
  })
  .meta({
    id: 'Problem',
    examples: [
      {
        type: 'urn:layersense:error:invalid_request',
        title: 'The request is not valid',
        status: 422,
        detail: '/params/examples: Too small: expected number to be >=1',
        code: 'invalid_request',
        retryable: false,
        errors: [{ pointer: '/params/examples', detail: 'Too small: expected number to be >=1' }],
      },
    ],
  });
export type Problem = z.infer<typeof Problem>;

export function toProblem(error: LayersenseError): Problem {
  const { status, title, retryable } = errorCodes[error.code];
  const context = Object.entries(error.context).map(([name, value]) => [name, presented(value)]);
  return {
    type: `urn:layersense:error:${error.code}`,
    title,
    status,
    detail: presentable(error.message),
    code: error.code,
    retryable,
    ...(context.length > 0 ? { context: Object.fromEntries(context) } : {}),
  };
}

function presented(value: unknown): unknown {
  if (typeof value === 'string') return presentable(value);
  return Array.isArray(value) ? value.map(presented) : value;
}

const presentable = (text: string): string => printable(redactSecrets(text));
