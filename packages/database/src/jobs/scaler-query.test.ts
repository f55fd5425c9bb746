import { readFileSync } from 'node:fs';
import { LayersenseError, toProblem } from '@layersense/contracts';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../test-support/test-database.js';
import { fisherReport, fisherSpec } from '../test-support/test-reports.js';

const manifest = new URL(
  '../../../../k8s/components/keda-postgres/scaled-object.yaml',
  import.meta.url,
);
const [, query = ''] = /^ +query: (.+)$/m.exec(readFileSync(manifest, 'utf8')) ?? [];

let database: TestDatabase;
let client: Client;
beforeAll(async () => {
  database = await openTestDatabase();
  client = new Client({ connectionString: database.url });
  await client.connect();
});
afterAll(async () => {
  await client.end();
  await database.close();
});

const worker = { workerId: 'w' };

/** The query's answer as KEDA reads it: one row with one number. */
async function workersWanted(): Promise<number> {
  const { rows } = await client.query({ text: query, rowMode: 'array' });
  expect(rows).toEqual([[expect.stringMatching(/^\d+$/)]]);
  return Number(rows[0]?.[0]);
}

const create = async (shards = 1) =>
  (await database.jobs.create({ spec: fisherSpec(), metadata: {}, shards })).id;

it('the query that KEDA scales by counts what a worker is needed for', async () => {
  const { jobs, runs } = database;
  expect(await workersWanted()).toBe(0);

  const id = await create();
  expect(await workersWanted()).toBe(1);
  await jobs.transitions.start(id, worker);
  expect(await workersWanted()).toBe(1);
  await jobs.transitions.requestCancel(id);
  expect((await jobs.get(id)).status).toBe('canceling');
  expect(await workersWanted()).toBe(1);
  await jobs.transitions.finishCancel(id);
  expect(await workersWanted()).toBe(0);

  const [failed, succeeded] = [await create(), await create()];
  for (const each of [failed, succeeded]) await jobs.transitions.start(each, worker);
  expect(await workersWanted()).toBe(2);
  await jobs.transitions.fail(
    failed,
    toProblem(new LayersenseError('model_gated', 'Needs a token.')),
  );
  const run = await runs.save(fisherReport([{ parameter: 'a.weight', sum: 1 }]));
  await jobs.transitions.succeed(succeeded, run.id);
  expect(await workersWanted()).toBe(0);

  const sharded = await create(3);
  expect(await workersWanted()).toBe(3);
  for (const shard of [0, 1, 2]) {
    await jobs.shards.start(sharded, shard, worker);
    await jobs.shards.finish(sharded, shard, {});
    // When all have ended, a worker puts their values together.
    expect(await workersWanted()).toBe(Math.max(1, 2 - shard));
  }
  await jobs.transitions.start(sharded, worker);
  expect(await workersWanted()).toBe(1);
  await jobs.transitions.succeed(sharded, run.id);
  expect(await workersWanted()).toBe(0);
});
