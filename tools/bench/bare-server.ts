// The other side of `npm run bench:api`: Fastify with nothing behind it. It answers the bytes it is
// told, so that a ratio to it is the price of what the API does for the same answer.
import { readFileSync } from 'node:fs';
import Fastify from 'fastify';

export interface BareAnswer {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly body: string;
}

const [port, answersFile = ''] = process.argv.slice(2);
const answers = JSON.parse(readFileSync(answersFile, 'utf8')) as readonly BareAnswer[];
const app = Fastify({ logger: false });
for (const { method, path, status, body } of answers) {
  app.route({
    method,
    url: path,
    handler: (_request, reply) => reply.code(status).type('application/json').send(body),
  });
}
await app.listen({ host: '127.0.0.1', port: Number(port) });
