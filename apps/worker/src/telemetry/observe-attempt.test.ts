import { JobSpec, LayersenseError } from '@layersense/contracts';
import { connectDatabase, type Database } from '@layersense/database';
import { freshDatabase } from '@layersense/testing';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { processJob, type RunJob } from '../delivery/process-job.js';
import { saveTinyRun } from '../test-support/save-tiny-run.js';
import { observeAttempt } from './observe-attempt.js';
import { WorkerMetrics } from './worker-metrics.js';

const spec = JobSpec.parse({ method: 'magnitude', model: 'tiny' });
let database: Database;
let metrics: WorkerMetrics;
const cleanups: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  const fresh = await freshDatabase();
  database = connectDatabase(fresh.url);
  cleanups.push(
    () => database.close(),
    () => fresh.drop(),
  );
});
afterAll(async () => {
  for (const cleanup of cleanups) await cleanup();
});
beforeEach(() => {
  metrics = new WorkerMetrics();
});

const compute: RunJob = async ({ jobId, shard }) => {
  if (shard === undefined) {
    await saveTinyRun(database, jobId);
    return 'job';
  }
  await database.jobs.shards.finish(jobId, shard, {});
  return 'shard';
};

interface Circumstances {
  readonly runJob?: RunJob;
  readonly lost?: AbortSignal;
  readonly shutdown?: AbortSignal;
}

/** One delivery; returns the outcome that was counted. */
async function deliver(
  jobId: string,
  shard?: number,
  { runJob = compute, lost, shutdown }: Circumstances = {},
): Promise<string> {
  const never = new AbortController().signal;
  const payload = { jobId, ...(shard === undefined ? {} : { shard }) };
  const { outcome } = await observeAttempt(jobId, { database, metrics }, () =>
    processJob(payload, lost ?? never, {
      database,
      workerId: 'test',
      runJob,
      logger: pino({ level: 'silent' }),
      maxAttempts: 2,
      attemptSeconds: 60,
      cancelPollMs: 60_000,
      retryDelayMs: 1,
      shutdown: shutdown ?? never,
    }),
  );
  return outcome;
}

async function attempts(): Promise<Record<string, number>> {
  const { values } = await metrics.attempts.get();
  return Object.fromEntries(values.map(({ labels, value }) => [labels.outcome, value]));
}

const queuedObservations = async () =>
  (await metrics.queuedSeconds.get()).values.find(({ metricName }) =>
    metricName?.endsWith('_count'),
  )?.value;

it('counts a finished shard as a shard, and the job once', async () => {
  const { id } = await database.jobs.create({ spec, metadata: {}, shards: 2 });
  for (const shard of [0, 1]) await deliver(id, shard);
  await deliver(id);
  expect(await attempts()).toEqual({ shard_succeeded: 2, succeeded: 1 });
  expect(await queuedObservations()).toBe(1);
});

it('counts a shard that ends its job, with a stored run, as the job', async () => {
  const { id } = await database.jobs.create({ spec, metadata: {}, shards: 2 });
  const runJob: RunJob = async ({ jobId }) => {
    await saveTinyRun(database, jobId);
    return 'job';
  };
  expect(await deliver(id, 0, { runJob })).toBe('succeeded');
  expect(await deliver(id, 1)).toBe('nothing_to_do');
  expect(await deliver(id)).toBe('nothing_to_do');
});

it('counts neither a second delivery nor a job that came before its shards as an attempt', async () => {
  const { id } = await database.jobs.create({ spec, metadata: {}, shards: 2 });
  await deliver(id);
  for (const shard of [0, 0, 1]) await deliver(id, shard);
  for (let i = 0; i < 2; i++) await deliver(id);
  expect(await attempts()).toEqual({ nothing_to_do: 3, shard_succeeded: 2, succeeded: 1 });
  expect(await queuedObservations()).toBe(1);
});

it('counts a failure once, by its code', async () => {
  const runJob: RunJob = () => Promise.reject(new LayersenseError('hub_unavailable', 'Down.'));
  const { id } = await database.jobs.create({ spec, metadata: {}, shards: 2 });
  expect(await deliver(id, 0, { runJob })).toBe('requeued');
  const failing = new LayersenseError('model_gated', 'Needs a token.');
  const overtaken = await deliver(id, 1, {
    runJob: async () => {
      await deliver(id, 0, { runJob: () => Promise.reject(failing) });
      throw new Error('stopped');
    },
  });
  expect(overtaken).toBe('overtaken');
  expect(await attempts()).toEqual({ requeued: 1, failed: 1, overtaken: 1 });
  expect((await metrics.failures.get()).values).toMatchObject([
    { labels: { code: 'model_gated' }, value: 1 },
  ]);
});

it('tells a cancelled job, one handed back and one whose lock was lost apart', async () => {
  const { id } = await database.jobs.create({ spec, metadata: {} });
  const aborted = AbortSignal.abort();
  const runJob: RunJob = () => Promise.reject(new Error('stopped'));
  expect(await deliver(id, undefined, { runJob, shutdown: aborted })).toBe('requeued');
  expect(await deliver(id, undefined, { runJob, lost: aborted })).toBe('overtaken');
  const canceled = await deliver(id, undefined, {
    runJob: async () => {
      await database.jobs.transitions.requestCancel(id);
      throw new Error('stopped');
    },
  });
  expect(canceled).toBe('canceled');
});
