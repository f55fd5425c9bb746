import { expect, it } from 'vitest';
import { loadConfig } from './config.js';

const required = { DATABASE_URL: 'postgres://user:secret@localhost/x' };

it('needs a database and nothing else', () => {
  expect(loadConfig(required)).toMatchObject({
    host: '127.0.0.1',
    queue: { url: required.DATABASE_URL },
    allowedRoots: [],
  });
  expect(() => loadConfig({})).toThrow('DATABASE_URL');
});

it('takes settings that are present and empty for absent', () => {
  expect(loadConfig({ ...required, QUEUE_URL: '', PORT: '' })).toEqual(loadConfig(required));
});

it('reads folders as a list', () => {
  const { allowedRoots } = loadConfig({ ...required, ALLOWED_ROOTS: '/models::/data/' });
  expect(allowedRoots).toEqual(['/models', '/data']);
});

it('names every variable that is not valid, without its value', () => {
  const variables = { DATABASE_URL: 'mysql://me:secret@x', QUEUE_URL: 'amqp://x', PORT: '70000' };
  const load = () => loadConfig(variables);
  for (const name of Object.keys(variables)) expect(load).toThrow(name);
  expect(load).not.toThrow('secret');
});
