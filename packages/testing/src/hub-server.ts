import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { BodyFault } from './hub-server-body.js';
import { readHostedRepository } from './hub-server-repository.js';
import { answerAsHub, answerAsStorage, type HubRoutes } from './hub-server-routes.js';

export interface HubFault {
  readonly kind: BodyFault['kind'] | 'refuse';
  /** Which addresses it befalls, on either port; large files are `/<sha256>` on the storage's. */
  readonly path: RegExp;
  readonly host?: HubRequest['host'];
  /** How often; every time when absent. */
  readonly times?: number;
  /** The answer of `refuse`; 503 when absent. */
  readonly status?: number;
  /** Bytes of the body before a failure; 0 when absent. */
  readonly afterBytes?: number;
}

export interface HubRequest {
  readonly method: string;
  readonly path: string;
  /** `storage` is the other origin, to which the Hub redirects for large files. */
  readonly host: 'hub' | 'storage';
  readonly headers: IncomingHttpHeaders;
}

export interface HubServer {
  readonly endpoint: string;
  /** Every request since the start, in order. */
  readonly requests: readonly HubRequest[];
  /** Lets the next requests that match fail. */
  fail(fault: HubFault): void;
  /** The commit that `main` has now. */
  commitOf(id: string): Promise<string>;
  close(): Promise<void>;
}

/**
 * A Hugging Face Hub on two free ports of 127.0.0.1: revision, tree (in pages) and resolve
 * endpoints with the real one's headers, error codes and redirects to storage of another origin.
 */
export async function startHubServer(routes: HubRoutes): Promise<HubServer> {
  const requests: HubRequest[] = [];
  const faults = new Faults();
  /** Notes the request, then lets it fail as told or be answered. */
  const handler =
    (host: HubRequest['host'], answer: Answer): Handler =>
    async (request, response) => {
      const { method = 'GET', url = '/', headers } = request;
      requests.push({ method, path: url, host, headers });
      const fault = faults.take(host, url);
      if (fault?.kind === 'refuse') response.writeHead(fault.status ?? 503).end();
      else await answer(request, response, fault && bodyFault(fault.kind, fault.afterBytes));
    };
  const storage = await listen(handler('storage', (...call) => answerAsStorage(routes, ...call)));
  const hub = await listen(handler('hub', (...call) => answerAsHub(routes, storage.url, ...call)));
  return {
    endpoint: hub.url,
    requests,
    fail: (fault) => faults.add(fault),
    commitOf: async (id) => {
      const folder = routes.models?.[id] ?? routes.datasets?.[id];
      if (folder === undefined) throw new Error(`this hub has no repository ${id}`);
      return (await readHostedRepository(folder)).commit;
    },
    close: async () => {
      await Promise.all([close(hub.server), close(storage.server)]);
    },
  };
}

type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;
type Answer = (...call: [...Parameters<Handler>, fault: BodyFault | undefined]) => Promise<void>;

/** The faults to come, each for a number of requests. */
class Faults {
  readonly #waiting: { fault: HubFault; left: number }[] = [];

  add(fault: HubFault): void {
    this.#waiting.push({ fault, left: fault.times ?? Number.POSITIVE_INFINITY });
  }

  take(host: HubRequest['host'], path: string): HubFault | undefined {
    const waiting = this.#waiting.find(
      ({ fault, left }) => left > 0 && fault.path.test(path) && (fault.host ?? host) === host,
    );
    if (waiting !== undefined) waiting.left--;
    return waiting?.fault;
  }
}

function bodyFault(kind: BodyFault['kind'], afterBytes = 0): BodyFault {
  return { kind, afterBytes };
}

async function listen(handler: Handler): Promise<{ server: Server; url: string }> {
  const server = createServer((request, response) => {
    handler(request, response).catch((error: Error) => response.destroy(error));
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no TCP port was given');
  return { server, url: `http://127.0.0.1:${address.port}` };
}

async function close(server: Server): Promise<void> {
  const closed = new Promise((done) => server.close(done));
  server.closeAllConnections();
  await closed;
}
