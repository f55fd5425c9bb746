import { type ChildProcess, fork } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { JobSpec, LayersenseError } from '@layersense/contracts';
import { connectDatabase, type Database, type NewJob } from '@layersense/database';
import type { SensitivityJobPayload } from '@layersense/queue';
import { createJobQueue, openQueueConsumer } from '@layersense/queue';
import { freshDatabase, nonEmpty } from '@layersense/testing';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Attempt, endingWith } from '../test-support/attempt.js';
import { enqueue, loseShard } from '../test-support/enqueue.js';
import { queueBackends } from '../test-support/queue-backends.js';
import { saveTinyRun } from '../test-support/save-tiny-run.js';
import type { Instructions } from '../test-support/sleeping-worker.js';
import { until } from '../test-support/until.js';
import { startWorkerProcess } from '../test-support/worker-process.js';
import {
  createSensitivityWorker,
  type SensitivityWorker,
  type SensitivityWorkerOptions,
} from './sensitivity-worker.js';

const spec = JobSpec.parse({ method: 'magnitude', model: 'tiny' });
const sleepingWorker = fileURLToPath(
  new URL('../../dist/test-support/sleeping-worker.js', import.meta.url),
);

for (const { backend, available, start } of nonEmpty(queueBackends)) {
  describe.skipIf(!available)(`the worker on ${backend}`, () => {
    let databaseUrl: string;
    let queueUrl: string;
    let database: Database;
    const cleanups: (() => Promise<unknown>)[] = [];
    let namespaces = 0;
    let namespace: string;
    const workers: SensitivityWorker[] = [];
    const children: ChildProcess[] = [];

    beforeAll(async () => {
      const fresh = await freshDatabase();
      cleanups.push(() => fresh.drop());
      const redis = await start?.();
      if (redis) cleanups.push(() => redis.stop());
      databaseUrl = fresh.url;
      queueUrl = redis?.url ?? fresh.url;
      database = connectDatabase(databaseUrl);
      cleanups.unshift(() => database.close());
      namespace = nextNamespace();
    });

    afterEach(async () => {
      for (const child of children.splice(0)) child.kill('SIGKILL');
      await Promise.all(workers.splice(0).map((worker) => worker.stop()));
      namespace = nextNamespace();
    });

    afterAll(async () => {
      for (const cleanup of cleanups) await cleanup();
    });

    const nextNamespace = () => `test_${++namespaces}`;

    async function startWorker(
      runJob: Attempt,
      options: Partial<SensitivityWorkerOptions> = {},
    ): Promise<SensitivityWorker> {
      const worker = await createSensitivityWorker({
        queue: { url: queueUrl, namespace },
        database,
        logger: pino({ level: 'silent' }),
        maxAttempts: 3,
        // No lock is lost for being renewed late on a busy machine.
        lockMs: 300_000,
        stalledCheckMs: 500,
        reconcileMs: 60_000,
        retryDelayMs: 50,
        runJob: endingWith(runJob),
        ...options,
      });
      workers.push(worker);
      return worker;
    }

    /** Puts a job into the queue as the API does, `times` times. */
    async function submit(times = 1, how: Partial<NewJob> = {}): Promise<string> {
      const job = await database.jobs.create({ spec, metadata: {}, ...how });
      for (let i = 0; i < times; i++) await enqueue(queueUrl, namespace, job.id, job);
      return job.id;
    }

    /** Ends only when it is told to: the wait is the longest that there is. */
    const forever: Attempt = (_, { signal }) => sleep(2 ** 31 - 1, undefined, { signal });
    const succeed: Attempt = ({ jobId }) => saveTinyRun(database, jobId);
    const get = (id: string) => () => database.jobs.get(id);
    const ended = (id: string, status: string) =>
      until(`job is ${status}`, get(id), (job) => job.status === status);

    it('computes what is in the queue', async () => {
      const id = await submit();
      await startWorker(succeed);
      const job = await ended(id, 'succeeded');
      expect(job.attempt).toBe(1);
      expect(job.run_id).toMatch(/^run_/);
    });

    it('computes once what was enqueued twice', async () => {
      const seen: string[] = [];
      const id = await submit(2);
      await startWorker(async ({ jobId }) => {
        seen.push(jobId);
        await saveTinyRun(database, jobId);
      });
      await ended(id, 'succeeded');
      const other = await submit();
      await ended(other, 'succeeded');
      expect(seen).toEqual([id, other]);
    });

    it('finishes the job of a worker that was killed', async () => {
      const journal = join(await mkdtemp(join(tmpdir(), 'layersense-worker-')), 'journal');
      cleanups.push(() => rm(join(journal, '..'), { recursive: true }));
      const startChild = (sleepMs: number) => {
        const instructions: Instructions = { databaseUrl, queueUrl, namespace, journal, sleepMs };
        const child = fork(sleepingWorker, [JSON.stringify(instructions)]);
        children.push(child);
        return child;
      };
      const id = await submit();
      const victim = startChild(2 ** 31 - 1);
      await until('the job has begun', () => readFile(journal, 'utf8').catch(() => ''), Boolean);
      victim.kill('SIGKILL');
      const successor = startChild(10);
      const job = await ended(id, 'succeeded');
      expect(job.attempt).toBe(2);
      expect(await readFile(journal, 'utf8')).toBe(`${victim.pid}\n${successor.pid}\n`);
    });

    it('gives up a job that kills every worker', async () => {
      const id = await submit();
      for (let i = 0; i < 3; i++) await database.jobs.transitions.start(id, { workerId: 'victim' });
      let ran = false;
      await startWorker(async () => {
        ran = true;
      });
      const job = await ended(id, 'failed');
      expect(job.error?.code).toBe('compute_process_died');
      expect(ran).toBe(false);
    });

    it('cancels a running job, which would never end', async () => {
      const id = await submit();
      await startWorker(forever);
      await ended(id, 'running');
      await database.jobs.transitions.requestCancel(id);
      expect(await ended(id, 'canceled')).toMatchObject({ run_id: null, error: null });
    });

    it('cancels a job whose computation ended before it noticed', async () => {
      const id = await submit();
      await startWorker(
        async ({ jobId }) => {
          await database.jobs.transitions.requestCancel(jobId);
          await saveTinyRun(database, jobId);
        },
        { cancelPollMs: 60_000 },
      );
      const job = await ended(id, 'canceled');
      expect(job.run_id).toBeNull();
    });

    it('skips a job that was canceled in the queue', async () => {
      const id = await submit();
      await database.jobs.transitions.requestCancel(id);
      const seen: string[] = [];
      await startWorker(async ({ jobId }) => {
        seen.push(jobId);
        await saveTinyRun(database, jobId);
      });
      const other = await submit();
      await ended(other, 'succeeded');
      expect(seen).toEqual([other]);
      expect((await database.jobs.get(id)).status).toBe('canceled');
    });

    it('stores the problem of a failure, and does not try again', async () => {
      const id = await submit();
      await startWorker(() =>
        Promise.reject(new LayersenseError('model_gated', 'Needs a token.', { model: 'tiny' })),
      );
      const job = await ended(id, 'failed');
      expect(job.attempt).toBe(1);
      expect(job.error).toMatchObject({ code: 'model_gated', context: { model: 'tiny' } });
    });

    it('tries again what may pass, three times in all', async () => {
      const id = await submit();
      await startWorker(() => Promise.reject(new LayersenseError('hub_unavailable', 'Down.')));
      const job = await ended(id, 'failed');
      expect(job.attempt).toBe(3);
      expect(job.error?.code).toBe('hub_unavailable');
    });

    it('hands its job back when it is stopped', async () => {
      const id = await submit();
      const first = await startWorker(forever);
      await ended(id, 'running');
      await first.stop();
      expect((await database.jobs.get(id)).status).toBe('queued');
      await startWorker(succeed);
      const job = await ended(id, 'succeeded');
      // However often workers are replaced, that is no attempt of the job.
      expect(job.attempt).toBe(1);
    });

    it('recovers jobs that the queue has lost', async () => {
      const queued = await database.jobs.create({ spec, metadata: {} });
      const running = await database.jobs.create({ spec, metadata: {} });
      await database.jobs.transitions.start(running.id, { workerId: 'lost' });
      await sleep(20);
      await startWorker(succeed, { staleAfterSeconds: 0.01 });
      const recovered = [await ended(queued.id, 'succeeded'), await ended(running.id, 'succeeded')];
      expect(recovered.map(({ attempt }) => attempt)).toEqual([1, 2]);
    });

    it('takes urgent jobs first', async () => {
      const usual = await submit();
      const later = await submit(1, { priority: -1 });
      const urgent = await submit(1, { priority: 10 });
      const seen: string[] = [];
      await startWorker(async ({ jobId }) => {
        seen.push(jobId);
        await saveTinyRun(database, jobId);
      });
      await ended(later, 'succeeded');
      expect(seen).toEqual([urgent, usual, later]);
    });

    it('keeps the priority of a job that was lost, and of one that is tried again', async () => {
      const first = await submit();
      const usual = [await submit(), await submit()];
      let lost = '';
      const queue = createJobQueue({ url: queueUrl, namespace, onError: () => undefined });
      cleanups.unshift(() => queue.close());
      const queued = async () => {
        const { waiting = 0, prioritized = 0 } = await queue.counts();
        return waiting + prioritized;
      };
      const seen: string[] = [];
      const runJob: Attempt = async ({ jobId }) => {
        // What another test has left unfinished is recovered here too.
        if (![first, lost, ...usual].includes(jobId)) return await saveTinyRun(database, jobId);
        seen.push(jobId);
        if (jobId === first) {
          lost = (await database.jobs.create({ spec, metadata: {}, priority: 10 })).id;
          await until('the reconciler has found it', queued, (entries) => entries === 3);
        } else if (jobId === lost && !seen.slice(0, -1).includes(lost)) {
          throw new LayersenseError('hub_unavailable', 'Down.');
        }
        // Longer than the wait before the second attempt.
        await sleep(1000);
        await saveTinyRun(database, jobId);
      };
      await startWorker(runJob, { staleAfterSeconds: 0.01, reconcileMs: 200 });
      for (const id of usual) await ended(id, 'succeeded');
      expect(seen).toEqual([first, lost, usual[0], lost, usual[1]]);
    });

    it('stops what takes longer than the job allows, and what takes longer than any may', async () => {
      const id = await submit(1, { timeout_seconds: 1 });
      const other = await submit(1, { timeout_seconds: 3600 });
      await startWorker(forever, {
        attemptSeconds: 2,
      });
      const job = await ended(id, 'failed');
      expect(job.error).toMatchObject({ code: 'timed_out', context: { timeout_seconds: 1 } });
      expect(job.attempt).toBe(1);
      const bounded = await ended(other, 'failed');
      expect(bounded.error).toMatchObject({ code: 'timed_out', context: { timeout_seconds: 2 } });
    });

    describe('told to take one', () => {
      it('takes a job and no second', async () => {
        const ids = [await submit(), await submit()];
        const status = async () =>
          Promise.all(ids.map(async (id) => (await database.jobs.get(id)).status));
        await (await startWorker(succeed, { once: true })).ended;
        expect(await status()).toEqual(['succeeded', 'queued']);
        await (await startWorker(succeed, { once: true })).ended;
        expect(await status()).toEqual(['succeeded', 'succeeded']);
      });

      it('takes a shard, whether it succeeds or is tried again, and then the job', async () => {
        const id = await submit(1, { shards: 2 });
        const done: string[] = [];
        const runJob: Attempt = async ({ jobId, shard }) => {
          done.push(shard === undefined ? 'end' : 'shard');
          if (shard === undefined) return await saveTinyRun(database, jobId);
          if (done.length === 1) throw new LayersenseError('hub_unavailable', 'Down.');
          await database.jobs.shards.finish(jobId, shard, {});
        };
        for (const expected of ['shard', 'shard', 'shard', 'end']) {
          await (await startWorker(runJob, { once: true })).ended;
          expect(done.at(-1)).toBe(expected);
        }
        expect(done).toHaveLength(4);
        expect((await database.jobs.get(id)).status).toBe('succeeded');
      });

      it('waits long enough for the job of a worker that died', async () => {
        const id = await submit();
        const journal = join(await mkdtemp(join(tmpdir(), 'layersense-worker-')), 'journal');
        cleanups.push(() => rm(join(journal, '..'), { recursive: true }));
        const instructions: Instructions = {
          ...{ databaseUrl, queueUrl, namespace, journal },
          sleepMs: 2 ** 31 - 1,
        };
        const victim = fork(sleepingWorker, [JSON.stringify(instructions)]);
        children.push(victim);
        await until('the job has begun', () => readFile(journal, 'utf8').catch(() => ''), Boolean);
        victim.kill('SIGKILL');
        // The job comes back with the second check, long before the fourth, to which it waits.
        const waits = { once: true, lockMs: 2000, stalledCheckMs: 4000 };
        await (await startWorker(succeed, waits)).ended;
        expect(await database.jobs.get(id)).toMatchObject({ status: 'succeeded', attempt: 2 });
      });

      it('hands the job back when it is stopped', async () => {
        const id = await submit();
        const worker = await startWorker(forever, { once: true });
        await ended(id, 'running');
        await worker.stop();
        await worker.ended;
        // It can be canceled at once only while it is queued.
        expect((await database.jobs.transitions.requestCancel(id)).status).toBe('canceled');
      });

      it('ends its process with 0 when nothing comes', async () => {
        const environment = { LOCK_SECONDS: '1', STALLED_CHECK_SECONDS: '1' };
        const options = { databaseUrl, queueUrl, namespace, root: tmpdir(), environment };
        const child = startWorkerProcess({ ...options, words: ['--once'] });
        children.push(child);
        const code = await new Promise((resolve) => child.once('exit', resolve));
        expect(code).toBe(0);
      });
    });

    describe('with shards', () => {
      /** What was begun, in order: `0`, `1`, … for the shards and `end` for the job. */
      const journal: string[] = [];
      const shardOr = (work: SensitivityJobPayload) => String(work.shard ?? 'end');
      const compute: Attempt = async (work) => {
        journal.push(shardOr(work));
        if (work.shard === undefined) return await saveTinyRun(database, work.jobId);
        await database.jobs.shards.finish(work.jobId, work.shard, { seconds: work.shard });
      };
      beforeEach(() => {
        journal.length = 0;
      });

      it('computes each of them, and then the job', async () => {
        const id = await submit(1, { shards: 3 });
        await startWorker(compute);
        const job = await ended(id, 'succeeded');
        expect(journal.sort()).toEqual(['0', '1', '2', 'end']);
        expect(job).toMatchObject({ shards: 3, attempt: 1 });
        expect(await database.jobs.shards.facts(id)).toEqual(
          [0, 1, 2].map((seconds) => ({ seconds })),
        );
        const events = (await database.jobs.events.list(id)).map(({ type }) => type);
        expect(events.slice(0, 3)).toEqual(['created', 'started', 'shard_started']);
        expect(events.filter((type) => type === 'shard_succeeded')).toHaveLength(3);
      });

      it('fails the job when one of them fails, and stops the others', async () => {
        const id = await submit(1, { shards: 2 });
        let stopped = false;
        const other = new Promise<void>((resolve) => {
          const runJob: Attempt = async (work, { signal }) => {
            journal.push(shardOr(work));
            if (work.shard === 0) {
              await until(
                'the other has begun',
                async () => journal.length,
                (n) => n > 1,
              );
              throw new LayersenseError('model_gated', 'Needs a token.');
            }
            await sleep(2 ** 31 - 1, undefined, { signal }).catch(() => {
              stopped = true;
              resolve();
            });
            throw signal.reason;
          };
          void startWorker(runJob).then(() => startWorker(runJob));
        });
        const job = await ended(id, 'failed');
        expect(job.error?.code).toBe('model_gated');
        await other;
        expect(stopped).toBe(true);
        expect(journal.sort()).toEqual(['0', '1']);
      });

      it('tries one of them again, and no other', async () => {
        const id = await submit(1, { shards: 2 });
        await startWorker(async (work, context) => {
          if (work.shard === 1 && !journal.includes('1')) {
            journal.push('1');
            throw new LayersenseError('hub_unavailable', 'Down.');
          }
          await compute(work, context);
        });
        await ended(id, 'succeeded');
        expect(journal.sort()).toEqual(['0', '1', '1', 'end']);
      });

      it('finishes a shard whose worker was told to stop', async () => {
        const id = await submit(1, { shards: 2 });
        const first = await startWorker(forever);
        const started = ({ type }: { type: string }) => type === 'shard_started';
        await until(
          'it has begun',
          () => database.jobs.events.list(id),
          (all) => all.some(started),
        );
        await first.stop();
        expect(await database.jobs.shards.unfinished(id)).toEqual([0, 1]);
        await startWorker(compute);
        await ended(id, 'succeeded');
        const events = await database.jobs.events.list(id);
        expect(events.filter(({ type }) => type === 'shard_requeued')).toHaveLength(1);
        // A worker that is replaced costs the shard no attempt.
        const attempts = events.filter(started).map(({ data }) => data.attempt);
        expect([...new Set(attempts)]).toEqual([1]);
      });

      it('cancels all of them, which would never end', async () => {
        const id = await submit(1, { shards: 3 });
        await startWorker(forever);
        await startWorker(forever);
        await until(
          'two have begun',
          () => database.jobs.events.list(id),
          (events) => events.filter(({ type }) => type === 'shard_started').length === 2,
        );
        await database.jobs.transitions.requestCancel(id);
        await ended(id, 'canceled');
        const next = await submit();
        expect((await ended(next, 'running')).attempt).toBe(1);
        await database.jobs.transitions.requestCancel(next);
      });

      it('cancels at once while none of them is computed', async () => {
        const { id } = await database.jobs.create({ spec, metadata: {}, shards: 2 });
        await database.jobs.shards.start(id, 0, { workerId: 'w' });
        await database.jobs.shards.requeue(id, 0);
        expect((await database.jobs.transitions.requestCancel(id)).status).toBe('canceled');
        expect(await database.jobs.shards.start(id, 0, { workerId: 'w' })).toBeUndefined();
      });

      it('recovers a flow that the queue has lost, or a shard of it, or the job', async () => {
        const whole = await database.jobs.create({ spec, metadata: {}, shards: 2 });
        const part = await database.jobs.create({ spec, metadata: {}, shards: 2 });
        await enqueue(queueUrl, namespace, part.id, part);
        await loseShard(queueUrl, namespace, part.id, 0);
        const end = await database.jobs.create({ spec, metadata: {}, shards: 2 });
        for (const shard of [0, 1]) {
          await database.jobs.shards.start(end.id, shard, { workerId: 'w' });
          await database.jobs.shards.finish(end.id, shard, {});
        }
        await sleep(20);
        const ours = [whole, part, end].map(({ id }) => id);
        // What another test has left unfinished is recovered here too.
        const computeOurs: Attempt = async (work, context) => {
          if (ours.includes(work.jobId)) return await compute(work, context);
          await saveTinyRun(database, work.jobId);
        };
        await startWorker(computeOurs, { staleAfterSeconds: 0.01, reconcileMs: 500 });
        for (const id of ours) await ended(id, 'succeeded');
        expect(journal.sort()).toEqual(['0', '0', '1', '1', 'end', 'end', 'end']);
      });
    });
  });
}

it('says so when there is no queue', async () => {
  for (const url of ['redis://127.0.0.1:1', 'postgres://127.0.0.1:1/none']) {
    const opening = openQueueConsumer({
      url,
      namespace: undefined,
      lockMs: 1000,
      stalledCheckMs: 1000,
      openTimeoutMs: 500,
      handle: () => Promise.reject(new Error('never')),
      onError: () => undefined,
    });
    await expect(opening).rejects.toMatchObject({ code: 'queue_unavailable' });
  }
});
