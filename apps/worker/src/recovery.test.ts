import type { ChildProcess } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Job, JobSpec, type ScoreReport } from '@layersense/contracts';
import { connectDatabase, type Database } from '@layersense/database';
import { freshDatabase, redisServerAvailable, startRedisServer } from '@layersense/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { noCheckpoint } from './job-services.js';
import { runSensitivityJob } from './run-sensitivity-job.js';
import { enqueue } from './test-support/enqueue.js';
import { until } from './test-support/until.js';
import { alive, childrenOf, killed, startWorkerProcess } from './test-support/worker-process.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const NAMESPACE = 'recovery';

/** Long enough to be interrupted: one session and one example per batch. */
const spec = JobSpec.parse({
  model: `${root}demo/model`,
  method: 'fisher',
  dataset: `${root}demo/datasets/arithmetic.jsonl`,
  device: 'cpu',
  params: { examples: 60, batch_size: 1 },
});

const backends = [
  { backend: 'PostgreSQL', available: true, start: undefined },
  { backend: 'Redis', available: redisServerAvailable(), start: startRedisServer },
];

describe.skipIf(process.platform !== 'linux')('a real job', () => {
  describe.each(backends)('on $backend', ({ available, start }) => {
    const workers: ChildProcess[] = [];
    const cleanups: (() => Promise<unknown>)[] = [];
    let database: Database;
    let databaseUrl: string;
    let queueUrl: string;
    let spillFolder: string;

    beforeAll(async () => {
      if (!available) return;
      const fresh = await freshDatabase();
      const redis = await start?.();
      databaseUrl = fresh.url;
      spillFolder = await mkdtemp(join(tmpdir(), 'layersense-recovery-'));
      cleanups.push(() => rm(spillFolder, { recursive: true }));
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

    function startWorker(): ChildProcess {
      const worker = startWorkerProcess({
        databaseUrl,
        queueUrl,
        namespace: NAMESPACE,
        root,
        environment: { SPILL_DIR: spillFolder },
      });
      workers.push(worker);
      return worker;
    }

    async function submit(of: JobSpec = spec): Promise<string> {
      // Otherwise a job could end with the run of the test before it.
      const { id } = await database.jobs.create({ spec: of, metadata: {}, force: true });
      await enqueue(queueUrl, NAMESPACE, id);
      return id;
    }

    const whenJob = (id: string, what: string, holds: (job: Job) => boolean) =>
      until(what, () => database.jobs.get(id), holds, 45_000);
    const examplesDone = (job: Job) =>
      job.progress?.phase === 'computing' ? job.progress.done : 0;

    it.skipIf(!available)('ends with the same scores after kill -9 in its middle', async () => {
      const id = await submit();
      const victim = startWorker();
      await whenJob(id, 'a fifth is done', (job) => examplesDone(job) >= 12);
      const orphans = childrenOf(victim.pid);
      expect(orphans.length).toBeGreaterThan(0);
      await killed(victim);
      const interrupted = await database.jobs.loadCheckpoint(id);
      expect(interrupted.length).toBeGreaterThanOrEqual(12);
      expect(interrupted.length).toBeLessThan(60);
      await until(
        'its compute process is gone',
        () => Promise.resolve(orphans.some(alive)),
        (any) => !any,
      );

      startWorker();
      const job = await whenJob(id, 'the job has ended', ({ status }) => status === 'succeeded');
      expect(job.attempt).toBe(2);
      const stored = await database.runs.report(job.run_id ?? '', { perExample: true });
      const undisturbed = await compute();
      expect(stored.run.identity).toBe(undisturbed.run.identity);
      expect(scoresByParameter(stored)).toEqual(scoresByParameter(undisturbed));
    });

    it.skipIf(!available)(
      'on the streamed plan goes on at the step it was at',
      async () => {
        const streamed = { ...spec, params: { ...spec.params, examples: 6, plan: 'streamed' } };
        const id = await submit(JobSpec.parse(streamed));
        const victim = startWorker();
        const journal = () => stepsInJournal(spillFolder, id);
        await until('it has come far', journal, (steps) => steps >= 12, 45_000);
        await killed(victim);
        const steps = await journal();

        startWorker();
        const job = await whenJob(id, 'the job has ended', ({ status }) => status === 'succeeded');
        const stored = await database.runs.report(job.run_id ?? '', { perExample: true });
        const resumed = /went on after (\d+) finished steps/.exec(stored.run.plan_reason ?? '');
        expect(Number(resumed?.[1])).toBe(steps);
        expect(scoresByParameter(stored)).toEqual(
          scoresByParameter(await compute(JobSpec.parse(streamed))),
        );
        await until(
          'its folder is gone',
          () => readdir(spillFolder),
          (names) => names.length === 0,
        );
      },
      120_000,
    );

    it.skipIf(!available)(
      'is canceled within two seconds, and its compute process gone',
      async () => {
        const id = await submit();
        const worker = startWorker();
        await whenJob(id, 'it computes', (job) => examplesDone(job) >= 1);
        const children = childrenOf(worker.pid);
        expect(children.length).toBeGreaterThan(0);
        await database.jobs.requestCancel(id);
        const canceled = await until(
          'it is canceled',
          () => database.jobs.get(id),
          ({ status }) => status === 'canceled',
          2000,
        );
        expect(canceled.run_id).toBeNull();
        expect(children.filter(alive)).toEqual([]);
        expect(worker.exitCode).toBeNull();
      },
    );
  });
});

async function compute(of: JobSpec = spec): Promise<ScoreReport> {
  const services = {
    allowedRoots: [root],
    hub: { endpoint: 'http://127.0.0.1:1', cacheFolder: '/nonexistent', offline: true },
    report: () => undefined,
    checkpoint: noCheckpoint,
    threads: 1,
  };
  return runSensitivityJob(of, services, new AbortController().signal);
}

async function stepsInJournal(spillFolder: string, jobId: string): Promise<number> {
  const [folder] = (await readdir(spillFolder)).filter((name) => name.startsWith(jobId));
  const journal = folder && join(spillFolder, folder, 'steps.journal');
  if (!journal) return 0;
  const text = await readFile(journal, 'utf8').catch(() => '');
  // The first line says what the journal belongs to.
  return Math.max(0, text.split('\n').length - 2);
}

const scoresByParameter = ({ scores }: ScoreReport) =>
  new Map(scores.map((score) => [score.parameter, score]));
