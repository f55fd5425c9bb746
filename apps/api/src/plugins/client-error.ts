import type { Socket } from 'node:net';
import { LayersenseError, type Problem, toProblem } from '@layersense/contracts';

/** What Node's HTTP parser reports, before there is a request. */
export interface ClientError extends Error {
  readonly code?: string;
}

const problems: Readonly<Record<string, Problem>> = {
  HPE_HEADER_OVERFLOW: toProblem(
    new LayersenseError(
      'headers_too_large',
      'The address and the headers together exceed 16 KiB. Shorten them.',
    ),
  ),
  ERR_HTTP_REQUEST_TIMEOUT: toProblem(
    new LayersenseError('request_timeout', 'The request did not arrive in full in time.'),
  ),
};

const notHttp: Problem = {
  ...toProblem(new LayersenseError('invalid_request', 'This is no HTTP request.')),
  status: 400,
};

/** Answers what never became a request, by hand: there is no reply object yet. */
export function answerClientError(error: ClientError, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  const problem = problems[error.code ?? ''] ?? notHttp;
  const body = JSON.stringify(problem);
  const head = [
    `HTTP/1.1 ${problem.status} ${problem.title}`,
    'content-type: application/problem+json',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ];
  if (socket.writable) socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
  else socket.destroy();
}
