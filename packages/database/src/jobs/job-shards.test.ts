import { LayersenseError, type Progress, toProblem } from '@layersense/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../test-support/test-database.js';
import { fisherSpec } from '../test-support/test-reports.js';

let database: TestDatabase;
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database.close());

const worker = { workerId: 'w' };

async function sharded(shards = 2): Promise<string> {
  return (await database.jobs.create({ spec: fisherSpec(), metadata: {}, shards })).id;
}

const progress = (
  done: number,
  eta_seconds: number | null = null,
  layer: string | null = null,
): Progress => ({
  phase: 'computing',
  done,
  total: 10,
  layer,
  eta_seconds,
});

describe('a shard', () => {
  it('begins its job, which runs until all of them have ended and it has itself', async () => {
    const { jobs } = database;
    const id = await sharded();
    expect(await jobs.shards.unfinished(id)).toEqual([0, 1]);
    const started = await jobs.shards.start(id, 1, worker);
    expect(started).toMatchObject({ attempt: 1, job: { status: 'running', attempt: 0 } });
    expect(await jobs.shards.finish(id, 1, { seconds: 3 })).toBe(true);
    expect(await jobs.shards.unfinished(id)).toEqual([0]);
    await jobs.shards.start(id, 0, worker);
    await jobs.shards.finish(id, 0, { seconds: 4 });
    expect(await jobs.shards.facts(id)).toEqual([{ seconds: 4 }, { seconds: 3 }]);
    const begun = (await jobs.get(id)).started_at;
    expect(await jobs.transitions.start(id, worker)).toMatchObject({
      attempt: 1,
      started_at: begun,
    });
  });

  it('is computed again after its worker was lost, and not after it has ended', async () => {
    const { jobs } = database;
    const id = await sharded();
    await jobs.shards.start(id, 0, worker);
    expect((await jobs.shards.start(id, 0, worker))?.attempt).toBe(2);
    await jobs.shards.finish(id, 0, {});
    expect(await jobs.shards.start(id, 0, worker)).toBeUndefined();
    expect(await jobs.shards.finish(id, 0, {})).toBe(false);
  });

  it('that is handed back costs an attempt only where it is at fault', async () => {
    const { jobs } = database;
    const id = await sharded();
    await jobs.shards.start(id, 0, worker);
    await jobs.shards.requeue(id, 0, { attemptCounts: false });
    expect((await jobs.shards.start(id, 0, worker))?.attempt).toBe(1);
    await jobs.shards.requeue(id, 0);
    expect((await jobs.shards.start(id, 0, worker))?.attempt).toBe(2);
  });

  it('of a job that has failed is not begun, and begins anew with the job', async () => {
    const { jobs } = database;
    const id = await sharded();
    await jobs.shards.start(id, 0, worker);
    await jobs.shards.finish(id, 0, {});
    await jobs.transitions.fail(
      id,
      toProblem(new LayersenseError('model_gated', 'Needs a token.')),
    );
    expect(await jobs.shards.start(id, 1, worker)).toBeUndefined();
    expect(await jobs.shards.unfinished(id)).toEqual([]);
    await jobs.transitions.retry(id);
    expect(await jobs.shards.unfinished(id)).toEqual([0, 1]);
    expect((await jobs.shards.start(id, 0, worker))?.attempt).toBe(1);
  });

  it('that does not exist is nothing to compute', async () => {
    expect(await database.jobs.shards.start(await sharded(), 7, worker)).toBeUndefined();
  });
});

it('shards add up to the progress of their job', async () => {
  const { jobs } = database;
  const id = await sharded(3);
  for (const shard of [0, 1, 2]) await jobs.shards.start(id, shard, worker);
  const loading: Progress = { phase: 'loading', done: 0, total: 0, layer: null, eta_seconds: null };
  await jobs.shards.reportProgress(id, 0, loading);
  expect((await jobs.get(id)).progress).toEqual(loading);
  await jobs.shards.reportProgress(id, 0, progress(3, 20));
  await jobs.shards.reportProgress(id, 1, progress(2, 30, 'model.layers.3'));
  expect((await jobs.get(id)).progress).toEqual(progress(5, 30, 'model.layers.3'));
  await jobs.shards.reportProgress(id, 2, loading);
  expect((await jobs.get(id)).progress).toEqual(progress(5, 30));
  await Promise.all([0, 1, 2].map((shard) => jobs.shards.reportProgress(id, shard, progress(3))));
  expect((await jobs.get(id)).progress).toEqual(progress(9));
});

it('tells in the events that a smaller plan goes on', async () => {
  const { jobs } = database;
  const id = await sharded();
  await jobs.shards.start(id, 0, worker);
  const change = { from: 'whole', to: 'streamed', reason: 'memory ran out' };
  await jobs.recordSmallerPlan(id, change);
  const events = await jobs.events.list(id);
  expect(events.at(-1)).toMatchObject({ type: 'plan_reduced', data: change });
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, i) => i + 1));
});
