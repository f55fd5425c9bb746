import { randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { connectDatabase, type Database } from './connect-database.js';
import { emptyDatabase, openTestDatabase } from './test-support/test-database.js';
import { fisherReport, fisherSpec } from './test-support/test-reports.js';

let hangUp: Server;
beforeAll(async () => {
  hangUp = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => {
    hangUp.listen(0, '127.0.0.1', resolve);
  });
});
afterAll(() => {
  hangUp.close();
});

const calls: [string, (database: Database) => Promise<unknown>][] = [
  ['ping', (database) => database.ping()],
  ['assertReady', (database) => database.assertReady()],
  ['jobs.create', ({ jobs }) => jobs.create({ spec: fisherSpec(), metadata: {} })],
  ['jobs.list', ({ jobs }) => jobs.list({ limit: 5 })],
  ['jobs.shards.facts', ({ jobs }) => jobs.shards.facts(`job_${randomUUID()}`)],
  ['runs.save', ({ runs }) => runs.save(fisherReport([{ parameter: 'a.weight', sum: 1 }]))],
  ['scores.query', ({ scores }) => scores.query({ sort: 'value', top: 5 })],
  ['catalogue.models', ({ catalogue }) => catalogue.models()],
];

it.each(calls)('%s says when the server is away', async (_, call) => {
  const database = connectDatabase('postgres://user:password@127.0.0.1:1/none');
  await expect(call(database)).rejects.toMatchObject({
    code: 'database_unavailable',
    retryable: true,
  });
  await database.close();
});

it.each(calls)('%s says when the server hangs up', async (_, call) => {
  const address = hangUp.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  const database = connectDatabase(`postgres://user:password@127.0.0.1:${port}/none`);
  await expect(call(database)).rejects.toMatchObject({ code: 'database_unavailable' });
  await database.close();
});

it('says so for a wrong password and a missing database', async () => {
  const { url, drop } = await emptyDatabase();
  for (const wrong of [
    Object.assign(new URL(url), { password: 'wrong' }),
    Object.assign(new URL(url), { pathname: '/missing' }),
  ]) {
    const database = connectDatabase(wrong.href);
    await expect(database.ping()).rejects.toMatchObject({ code: 'database_unavailable' });
    await database.close();
  }
  await drop();
});

it('works again when the server is back', async () => {
  const database = await openTestDatabase();
  const { id } = await database.jobs.create({ spec: fisherSpec(), metadata: {} });
  const other = connectDatabase(database.url);
  await other.ping();
  // Dropping every connection is what a restart looks like to a pool.
  const admin = connectDatabase(database.url);
  await admin.ping();
  await database.close();
  await expect(other.jobs.get(id)).rejects.toMatchObject({ code: 'database_unavailable' });
  await other.close();
  await admin.close();
});

it('names the migrations that are missing', async () => {
  const { url, drop } = await emptyDatabase();
  const database = connectDatabase(url);
  await expect(database.assertReady()).rejects.toMatchObject({
    context: { pending: expect.arrayContaining(['0001_init']) },
  });
  await database.close();
  await drop();
});

it('says that the database was not migrated', async () => {
  const { url, drop } = await emptyDatabase();
  const database = connectDatabase(url);
  const readers = calls.slice(2);
  expect(readers.length).toBeGreaterThan(0);
  for (const [name, call] of readers) {
    await expect(call(database), name).rejects.toMatchObject({
      code: 'database_unavailable',
      message: expect.stringContaining('migrations'),
    });
  }
  await database.close();
  await drop();
});
