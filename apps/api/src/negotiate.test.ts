import accepts from '@fastify/accepts';
import Fastify from 'fastify';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { negotiate } from './negotiate.js';

const offers = ['application/json', 'text/csv', 'application/x-ndjson'] as const;

const app = Fastify();
beforeAll(async () => {
  await app.register(accepts);
  app.get('/', (request) => negotiate(request, offers));
  app.setErrorHandler((error: { code: string }, _, reply) => reply.code(406).send(error.code));
});
afterAll(() => app.close());

const answerTo = async (accept: string | undefined): Promise<string> => {
  const headers = accept === undefined ? {} : { accept };
  return (await app.inject({ url: '/', headers })).body;
};

it.each([
  [undefined, 'application/json'],
  ['', 'application/json'],
  ['*/*', 'application/json'],
  ['text/csv', 'text/csv'],
  ['TEXT/CSV; charset=utf-8', 'text/csv'],
  ['text/*', 'text/csv'],
  ['text/csv, application/json', 'text/csv'],
  ['application/json, text/csv', 'application/json'],
  ['*/*, text/csv', 'text/csv'],
  ['application/json;q=0.5, text/csv', 'text/csv'],
  ['text/csv;q=0.2, application/x-ndjson;q=0.8', 'application/x-ndjson'],
  ['text/html, */*;q=0.1', 'application/json'],
  ['*/*, application/json;q=0', 'text/csv'],
  ['application/*;q=0.9, application/json;q=0.1, text/csv;q=0.5', 'application/x-ndjson'],
])('%s is answered as %s', async (accept, type) => {
  expect(await answerTo(accept)).toBe(type);
});

it.each(['text/html', 'text/csv;q=0', 'application/json;q=none', 'json', 'image/*'])(
  'has nothing for %s',
  async (accept) => {
    expect(await answerTo(accept)).toBe('not_acceptable');
  },
);
