import { JobSpec } from '@layersense/contracts';
import { connectDatabase, type Database } from '@layersense/database';
import { freshDatabase } from '@layersense/testing';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { storedBatches } from './stored-batches.js';

let database: Database;
let drop: () => Promise<unknown>;
let jobId: string;
beforeAll(async () => {
  const fresh = await freshDatabase();
  database = connectDatabase(fresh.url);
  drop = () => fresh.drop();
});
afterAll(async () => {
  await database.close();
  await drop();
});
beforeEach(async () => {
  const spec = JobSpec.parse({ method: 'fisher', model: 'tiny', dataset: 'gsm8k' });
  jobId = (await database.jobs.create({ spec, metadata: {} })).id;
  await database.jobs.transitions.start(jobId, { workerId: 'w' });
});

const key = (identity: string) => ({
  identity,
  parameters: ['a.weight', 'b.weight'],
  routed: ['b.weight'],
});
const batch = (...examples: number[]) => ({
  examples,
  losses: examples.map((example) => example + 0.1),
  squaredNorms: new Map([
    ['a.weight', examples.map((example) => example / 3)],
    ['b.weight', examples.map((example) => example / 7)],
  ]),
  routedTokens: new Map([['b.weight', examples.map((example) => 2 * example)]]),
});

it('gives back what was computed, and nothing of another computation', async () => {
  const batches = storedBatches(database, jobId);
  await batches.append(key('mine'), batch(4, 0));
  await batches.append(key('foreign'), batch(1, 2));
  expect(await batches.load(key('mine'))).toEqual([batch(4, 0)]);
  expect(await batches.load(key('another'))).toEqual([]);
});

it('keeps both of two batches that begin with the same example', async () => {
  const batches = storedBatches(database, jobId);
  await batches.append(key('mine'), batch(0, 1, 2));
  await batches.append(key('mine'), batch(0, 3));
  const examples = (await batches.load(key('mine'))).flatMap((each) => [...each.examples]);
  expect(new Set(examples)).toEqual(new Set([0, 1, 2, 3]));
});
