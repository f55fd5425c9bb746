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
    expect(await jobs.unfinishedShards(id)).toEqual([0, 1]);
    const started = await jobs.startShard(id, 1, worker);
    expect(started).toMatchObject({ attempt: 1, job: { status: 'running', attempt: 0 } });
    expect(await jobs.finishShard(id, 1, { seconds: 3 })).toBe(true);
    expect(await jobs.unfinishedShards(id)).toEqual([0]);
    await jobs.startShard(id, 0, worker);
    await jobs.finishShard(id, 0, { seconds: 4 });
    expect(await jobs.shardFacts(id)).toEqual([{ seconds: 4 }, { seconds: 3 }]);
    const begun = (await jobs.get(id)).started_at;
    expect(await jobs.markRunning(id, worker)).toMatchObject({ attempt: 1, started_at: begun });
  });

  it('is computed again after its worker was lost, and not after it has ended', async () => {
    const { jobs } = database;
    const id = await sharded();
    await jobs.startShard(id, 0, worker);
    expect((await jobs.startShard(id, 0, worker))?.attempt).toBe(2);
    await jobs.finishShard(id, 0, {});
    expect(await jobs.startShard(id, 0, worker)).toBeUndefined();
    expect(await jobs.finishShard(id, 0, {})).toBe(false);
  });

  it('that is handed back costs an attempt only where it is at fault', async () => {
    const { jobs } = database;
    const id = await sharded();
    await jobs.startShard(id, 0, worker);
    await jobs.requeueShard(id, 0, { attemptCounts: false });
    expect((await jobs.startShard(id, 0, worker))?.attempt).toBe(1);
    await jobs.requeueShard(id, 0);
    expect((await jobs.startShard(id, 0, worker))?.attempt).toBe(2);
  });

  it('of a job that has failed is not begun, and begins anew with the job', async () => {
    const { jobs } = database;
    const id = await sharded();
    await jobs.startShard(id, 0, worker);
    await jobs.finishShard(id, 0, {});
    await jobs.markFailed(id, toProblem(new LayersenseError('model_gated', 'Needs a token.')));
    expect(await jobs.startShard(id, 1, worker)).toBeUndefined();
    expect(await jobs.unfinishedShards(id)).toEqual([]);
    await jobs.retry(id);
    expect(await jobs.unfinishedShards(id)).toEqual([0, 1]);
    expect((await jobs.startShard(id, 0, worker))?.attempt).toBe(1);
  });

  it('that does not exist is nothing to compute', async () => {
    expect(await database.jobs.startShard(await sharded(), 7, worker)).toBeUndefined();
  });
});

it('shards add up to the progress of their job', async () => {
  const { jobs } = database;
  const id = await sharded(3);
  for (const shard of [0, 1, 2]) await jobs.startShard(id, shard, worker);
  const loading: Progress = { phase: 'loading', done: 0, total: 0, layer: null, eta_seconds: null };
  await jobs.reportShardProgress(id, 0, loading);
  expect((await jobs.get(id)).progress).toEqual(loading);
  await jobs.reportShardProgress(id, 0, progress(3, 20));
  await jobs.reportShardProgress(id, 1, progress(2, 30, 'model.layers.3'));
  expect((await jobs.get(id)).progress).toEqual(progress(5, 30, 'model.layers.3'));
  await jobs.reportShardProgress(id, 2, loading);
  expect((await jobs.get(id)).progress).toEqual(progress(5, 30));
  await Promise.all([0, 1, 2].map((shard) => jobs.reportShardProgress(id, shard, progress(3))));
  expect((await jobs.get(id)).progress).toEqual(progress(9));
});

it('tells in the events that a smaller plan goes on', async () => {
  const { jobs } = database;
  const id = await sharded();
  await jobs.startShard(id, 0, worker);
  const change = { from: 'whole', to: 'streamed', reason: 'memory ran out' };
  await jobs.recordSmallerPlan(id, change);
  const events = await jobs.events(id);
  expect(events.at(-1)).toMatchObject({ type: 'plan_reduced', data: change });
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, i) => i + 1));
});
