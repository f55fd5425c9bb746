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

it('trusts the proxies that are named, and nobody by default', () => {
  const trusted = (list: string) => loadConfig({ ...required, TRUST_PROXY: list }).trustProxy;
  expect(loadConfig(required).trustProxy).toBe(false);
  expect(trusted('10.0.0.0/8, ::1')).toEqual(['10.0.0.0/8', '::1']);
  for (const list of ['true', '1', '10.0.0.0/33', '10.0.0.0/8/8', 'proxy', '::1/x', '1.2.3.4,'])
    expect(() => trusted(list)).toThrow('TRUST_PROXY');
});
