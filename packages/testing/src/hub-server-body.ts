import type { IncomingMessage, ServerResponse } from 'node:http';

/** What goes wrong with the body of a file, after `afterBytes` bytes of it. */
export interface BodyFault {
  /**
   * `drop` cuts the connection; `truncate` ends the answer early as if it were whole; `corrupt`
   * changes one byte; `hang` sends nothing more and keeps the connection open; `ignore-range` sends
   * the whole file whatever was asked for.
   */
  readonly kind: 'drop' | 'truncate' | 'corrupt' | 'hang' | 'ignore-range';
  readonly afterBytes: number;
}

/** Sends a file, or the part a `Range: bytes=N-` header asks for. */
export function sendBody(
  request: IncomingMessage,
  response: ServerResponse,
  content: Buffer,
  fault?: BodyFault,
): void {
  const range = fault?.kind === 'ignore-range' ? undefined : request.headers.range;
  const start = Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? 0);
  if (start > 0 && start >= content.length) {
    response.writeHead(416, { 'Content-Range': `bytes */${content.length}` }).end();
    return;
  }
  if (start > 0) {
    response.statusCode = 206;
    response.setHeader('Content-Range', `bytes ${start}-${content.length - 1}/${content.length}`);
  }
  const body = Buffer.from(content.subarray(start));
  // Without a length the client cannot tell a truncated answer from a whole one.
  if (fault?.kind !== 'truncate') response.setHeader('Content-Length', body.length);
  if (request.method === 'HEAD') {
    response.end();
    return;
  }
  if (fault === undefined) response.end(body);
  else sendFaulty(response, body, fault);
}

function sendFaulty(response: ServerResponse, body: Buffer, { kind, afterBytes }: BodyFault): void {
  const part = body.subarray(0, afterBytes);
  switch (kind) {
    case 'corrupt':
      body[afterBytes] = (body[afterBytes] ?? 0) ^ 0xff;
      response.end(body);
      break;
    case 'truncate':
      response.end(part);
      break;
    case 'ignore-range':
      response.end(body);
      break;
    case 'hang':
      response.write(part);
      break;
    case 'drop':
      response.write(part, () => response.destroy());
      break;
  }
}
