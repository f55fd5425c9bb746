import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type Job, type JobEvent, JobSpec, type ScoreReport } from '@layersense/contracts';
import { connectDatabase, type Database } from '@layersense/database';
import { freshDatabase, redisServerAvailable, startRedisServer } from '@layersense/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { noCheckpoint } from './job-services.js';
import { runSensitivityJob } from './run-sensitivity-job.js';
import { enqueue } from './test-support/enqueue.js';
import { until } from './test-support/until.js';
import { killed, startWorkerProcess, waitsForJobs } from './test-support/worker-process.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const NAMESPACE = 'sharding';

/** Batches of several shapes and sizes, some of which are not full. */
const spec = JobSpec.parse({
  model: `${root}demo/model`,
  method: 'fisher',
  dataset: `${root}demo/datasets/arithmetic.jsonl`,
  device: 'cpu',
  params: { examples: 32, batch_size: 3, plan: 'whole' },
});

const backends = [
  { backend: 'PostgreSQL', available: true, start: undefined },
  { backend: 'Redis', available: redisServerAvailable(), start: startRedisServer },
];

describe.skipIf(process.platform !== 'linux')('a job over three workers', () => {
  let undisturbed: Promise<ScoreReport>;
  beforeAll(() => {
    undisturbed = compute();
  });

  describe.each(backends)('on $backend', ({ available, start }) => {
    const workers: ChildProcess[] = [];
    const cleanups: (() => Promise<unknown>)[] = [];
    let database: Database;
    let databaseUrl: string;
    let queueUrl: string;

    beforeAll(async () => {
      if (!available) return;
      const fresh = await freshDatabase();
      const redis = await start?.();
      databaseUrl = fresh.url;
      queueUrl = redis?.url ?? fresh.url;
      database = connectDatabase(databaseUrl);
      cleanups.push(() => database.close());
      if (redis) cleanups.push(() => redis.stop());
      cleanups.push(() => fresh.drop());
    });
    afterEach(async () => {
      await Promise.all(workers.splice(0).map(killed));
    });
    afterAll(async () => {
      for (const cleanup of cleanups) await cleanup();
    });

    async function startWorkers(count: number): Promise<ChildProcess[]> {
      const started = Array.from({ length: count }, () =>
        startWorkerProcess({ databaseUrl, queueUrl, namespace: NAMESPACE, root }),
      );
      workers.push(...started);
      await Promise.all(started.map(waitsForJobs));
      return started;
    }

    async function submit({ force = true } = {}): Promise<string> {
      const job = await database.jobs.create({ spec, metadata: {}, shards: 3, force });
      await enqueue(queueUrl, NAMESPACE, job.id, job);
      return job.id;
    }

    const eventsOf = async (id: string, type: JobEvent['type']) =>
      (await database.jobs.events(id)).filter((event) => event.type === type);
    const whenJob = (id: string, what: string, holds: (job: Job) => boolean) =>
      until(what, () => database.jobs.get(id), holds, 150_000);
    const ended = (id: string) =>
      whenJob(id, 'the job has ended', ({ status }) => status === 'succeeded');

    async function expectSame({ run_id }: Job): Promise<ScoreReport> {
      const stored = await database.runs.report(run_id ?? '', { perExample: true });
      const alone = await undisturbed;
      expect(stored.run.identity).toBe(alone.run.identity);
      expect(stored.run.example_losses).toEqual(alone.run.example_losses);
      expect(scoresByParameter(stored)).toEqual(scoresByParameter(alone));
      return stored;
    }

    it.skipIf(!available)(
      'has the very values of one worker',
      async () => {
        await startWorkers(3);
        const id = await submit();
        const { run } = await expectSame(await ended(id));
        const started = await eventsOf(id, 'shard_started');
        expect(started.map(({ data }) => data.shard).sort()).toEqual([0, 1, 2]);
        expect(new Set(started.map(({ data }) => data.worker_id)).size).toBe(3);
        expect(run).toMatchObject({ device: 'cpu', plan: 'whole', arithmetic: 'float32' });
        expect(run.plan_reason).toContain('3 computations on cpu');

        const again = await submit({ force: false });
        expect(await ended(again)).toMatchObject({ cached: true, run_id: run.id });
        expect(await eventsOf(again, 'shard_succeeded')).toEqual([]);
      },
      180_000,
    );

    it.skipIf(!available)(
      'goes on after kill -9 of one and SIGTERM of another',
      async () => {
        const [victim, leaver] = await startWorkers(3);
        const id = await submit();
        await whenJob(id, 'some are done', ({ progress }) => (progress?.done ?? 0) >= 6);
        const before = await database.jobs.loadCheckpoint(id);
        leaver?.kill('SIGTERM');
        if (victim) await killed(victim);
        const after = (await database.jobs.loadCheckpoint(id)).map(({ key }) => key);
        expect(after).toEqual(expect.arrayContaining(before.map(({ key }) => key)));
        await startWorkers(2);
        await expectSame(await ended(id));
        expect((await eventsOf(id, 'shard_started')).length).toBeGreaterThan(3);
      },
      180_000,
    );
  });
});

async function compute(): Promise<ScoreReport> {
  const services = {
    allowedRoots: [root],
    hub: { endpoint: 'http://127.0.0.1:1', cacheFolder: '/nonexistent', offline: true },
    report: () => undefined,
    checkpoint: noCheckpoint,
    threads: 1,
  };
  return runSensitivityJob(spec, services, new AbortController().signal);
}

const scoresByParameter = ({ scores }: ScoreReport) =>
  new Map(scores.map((score) => [score.parameter, score]));
