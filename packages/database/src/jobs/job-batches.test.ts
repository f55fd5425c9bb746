import { afterAll, beforeAll, expect, it } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../test-support/test-database.js';
import { fisherSpec } from '../test-support/test-reports.js';

let database: TestDatabase;
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database.close());

async function runningJob(): Promise<string> {
  const { id } = await database.jobs.create({ spec: fisherSpec(), metadata: {} });
  await database.jobs.transitions.start(id, { workerId: 'w' });
  return id;
}

const batch = (key: string, ...values: number[]) => ({
  identity: 'same',
  key,
  positions: [0, 1],
  values: Float64Array.from(values),
});

it('gives back every batch with every bit', async () => {
  const { jobs } = database;
  const id = await runningJob();
  const odd = batch('0', 0.1, -0, 5e-324, Number.MAX_VALUE, Math.PI, 1 / 3);
  expect(await jobs.batches.save(id, odd)).toBe(true);
  expect(await jobs.batches.save(id, batch('1'))).toBe(true);
  const [first, second, ...rest] = await jobs.batches.load(id);
  expect(rest).toEqual([]);
  expect(first).toEqual(odd);
  expect(Object.is(first?.values[1], -0)).toBe(true);
  expect(second).toEqual(batch('1'));
});

it('replaces a batch that is saved again, under whatever identity', async () => {
  const { jobs } = database;
  const id = await runningJob();
  await jobs.batches.save(id, batch('0', 1));
  await jobs.batches.save(id, { ...batch('0', 2), identity: 'other' });
  expect(await jobs.batches.load(id)).toEqual([{ ...batch('0', 2), identity: 'other' }]);
});

it('outlives a hand-back and ends with the job', async () => {
  const { jobs } = database;
  const id = await runningJob();
  await jobs.batches.save(id, batch('0', 1));
  await jobs.transitions.requeue(id);
  await jobs.transitions.start(id, { workerId: 'another' });
  expect(await jobs.batches.load(id)).toHaveLength(1);
  await jobs.transitions.requestCancel(id);
  await jobs.transitions.finishCancel(id);
  expect(await jobs.batches.load(id)).toEqual([]);
});

it('takes nothing for a job that does not run', async () => {
  const { jobs } = database;
  const { id } = await jobs.create({ spec: fisherSpec(), metadata: {} });
  expect(await jobs.batches.save(id, batch('0', 1))).toBe(false);
  expect(await jobs.batches.load(id)).toEqual([]);
});
