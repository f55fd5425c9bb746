import { readFileSync } from 'node:fs';
import { nonEmpty } from '@layersense/testing';
import { expect, it } from 'vitest';
import { loadConfig, WorkerEnvironment } from './config.js';

const required = { DATABASE_URL: 'postgres://user:secret@localhost/x' };

it('docs/reference/config.md lists every variable of the worker with its default', () => {
  const page = new URL('../../../docs/reference/config.md', import.meta.url);
  const section = readFileSync(page, 'utf8').split('## Worker')[1] ?? '';
  const written = new Map(
    [...section.matchAll(/^\| `(\w+)` \| `?([^|`]*)`? \|/gm)].map(([, name, fallback]) => [
      name,
      fallback,
    ]),
  );
  expect([...written.keys()].sort()).toEqual(Object.keys(WorkerEnvironment.shape).sort());
  const numbers = Object.entries(WorkerEnvironment.parse(required)).filter(
    ([, value]) => typeof value === 'number',
  );
  for (const [name, value] of nonEmpty(numbers)) expect(written.get(name)).toBe(String(value));
});

it('keeps the queue in the database unless told otherwise', () => {
  expect(loadConfig(required).queue.url).toBe(required.DATABASE_URL);
  const queueUrl = 'rediss://cache:6380/2';
  expect(loadConfig({ ...required, QUEUE_URL: queueUrl }).queue.url).toBe(queueUrl);
});

it('takes settings that are present and empty for absent', () => {
  expect(loadConfig({ ...required, QUEUE_URL: '', MAX_ATTEMPTS: '' })).toEqual(
    loadConfig(required),
  );
});

it('names every variable that is not valid, without its value', () => {
  const variables = {
    DATABASE_URL: 'mysql://me:secret@x',
    QUEUE_URL: 'amqp://x',
    MAX_ATTEMPTS: '0',
  };
  const load = () => loadConfig(variables);
  for (const name of Object.keys(variables)) expect(load).toThrow(name);
  expect(load).not.toThrow('secret');
});
