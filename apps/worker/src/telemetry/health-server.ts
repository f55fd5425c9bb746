import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { LayersenseError } from '@layersense/contracts';
import type { Registry } from 'prom-client';

export interface HealthServerOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly registry: Registry;
  /** Rejects with what keeps this worker from taking jobs. */
  readonly ready: () => Promise<void>;
}

export interface HealthServer {
  readonly url: string;
  close(): Promise<void>;
}

/** `/healthz`, `/readyz` and `/metrics` of a worker: its only door, for probes and Prometheus. */
export async function startHealthServer(options: HealthServerOptions): Promise<HealthServer> {
  const { registry, ready, host, port } = options;
  const answers: Record<string, (response: ServerResponse) => Promise<unknown>> = {
    '/healthz': async (response) => json(response, 200, { status: 'ok' }),
    '/readyz': (response) =>
      ready().then(
        () => json(response, 200, { status: 'ok' }),
        (error: unknown) => json(response, 503, { status: 'unavailable', detail: detail(error) }),
      ),
    '/metrics': async (response) => {
      const text = await registry.metrics();
      response.writeHead(200, { 'content-type': registry.contentType }).end(text);
    },
  };
  const server = createServer((request, response) => {
    const answer = request.method === 'GET' ? answers[request.url ?? ''] : undefined;
    if (answer) void answer(response).catch(() => response.destroy());
    else json(response, 404, { status: 'not_found', detail: Object.keys(answers).join(', ') });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, host, resolve);
  });
  const address = server.address() as AddressInfo;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${address.port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function json(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

/** Only what is meant for people: other errors may quote addresses with passwords. */
const detail = (error: unknown): string =>
  error instanceof LayersenseError ? error.message : 'see the log';
