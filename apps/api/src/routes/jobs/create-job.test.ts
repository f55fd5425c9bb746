import { randomUUID } from 'node:crypto';
import { connectDatabase } from '@layersense/database';
import { createJobQueue } from '@layersense/queue';
import { engine } from '@layersense/runs';
import { nonEmpty } from '@layersense/testing';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildApp } from '../../app.js';
import { queueBackends } from '../../test-support/queue-backends.js';
import { saveFisherRun } from '../../test-support/save-fisher-run.js';
import { type TestApp, testApp } from '../../test-support/test-app.js';

const magnitude = { model: 'org/tiny', method: 'magnitude' };
const commit = 'c0ffee'.repeat(7).slice(0, 40);
const later = 'decade'.repeat(7).slice(0, 40);

describe.each(nonEmpty(queueBackends))(
  'POST /jobs with the queue on $backend',
  ({ available, start }) => {
    let test: TestApp;
    const cleanups: (() => Promise<unknown>)[] = [];
    beforeAll(async () => {
      if (!available) return;
      const redis = await start?.();
      test = await testApp(redis ? { queueUrl: redis.url } : {});
      cleanups.push(() => test.close());
      if (redis) cleanups.push(() => redis.stop());
    });
    afterAll(async () => {
      for (const cleanup of cleanups) await cleanup();
    });

    const post = (payload: object, key?: string, { app } = test) =>
      app.inject({
        method: 'POST',
        url: '/jobs',
        payload,
        ...(key === undefined ? {} : { headers: { 'idempotency-key': key } }),
      });
    const count = async (model: string) =>
      (await test.app.inject(`/jobs?model=${model}`)).json().data.length;

    describe.skipIf(!available)('and an Idempotency-Key', () => {
      it('answers a repetition to the byte as it answered first', async () => {
        const key = randomUUID();
        const body = { ...magnitude, model: 'org/repeated', metadata: { zebra: '1', ant: '2' } };
        const first = await post(body, key);
        expect(first.statusCode).toBe(202);
        expect(first.headers['idempotency-replayed']).toBeUndefined();
        await test.database.jobs.transitions.requestCancel(first.json().id);

        const second = await post(Object.fromEntries(Object.entries(body).reverse()), key);
        expect(second.statusCode).toBe(202);
        expect(second.headers['idempotency-replayed']).toBe('true');
        expect(second.headers.location).toBe(first.headers.location);
        expect(second.body).toBe(first.body);
        expect((await post(body, `"${key}"`)).body).toBe(first.body);
        expect(await count('org/repeated')).toBe(1);
      });

      it('creates one job for many requests at once, through two replicas', async () => {
        const database = connectDatabase(test.databaseUrl);
        const queue = createJobQueue({ url: test.databaseUrl, onError: () => undefined });
        const replica = await buildApp({ ...test.dependencies, database, queue });
        const key = randomUUID();
        const body = { ...magnitude, model: 'org/at-once' };
        const answers = await Promise.all(
          Array.from({ length: 16 }, (_, i) =>
            post(body, key, i % 2 === 0 ? test : { ...test, app: replica }),
          ),
        );
        expect(answers.map(({ statusCode }) => statusCode)).toEqual(answers.map(() => 202));
        expect(new Set(answers.map((answer) => answer.body)).size).toBe(1);
        const replayed = answers.filter(({ headers }) => headers['idempotency-replayed']);
        expect(replayed).toHaveLength(15);
        expect(await count('org/at-once')).toBe(1);
        await replica.close();
        await queue.close();
        await database.close();
      });

      it('refuses the key for another request', async () => {
        const key = randomUUID();
        await post(magnitude, key);
        const other = await post({ ...magnitude, model: 'org/other' }, key);
        expect(other.statusCode).toBe(422);
        expect(other.json().code).toBe('idempotency_key_reused');
        expect(await count('org/other')).toBe(0);
      });

      it('keeps no key of a request that was refused', async () => {
        const key = randomUUID();
        expect((await post({ ...magnitude, model: '' }, key)).statusCode).toBe(422);
        expect((await post({ ...magnitude, model: '/etc/model' }, key)).statusCode).toBe(403);
        expect((await post(magnitude, key)).statusCode).toBe(202);
      });

      it.each(['', 'a b', 'schlüssel', 'x'.repeat(256), '"', 'a"b', 'a\\b'])(
        'refuses the key %j',
        async (key) => {
          const answer = await post(magnitude, key);
          expect(answer.statusCode).toBe(422);
          expect(answer.json().errors[0].pointer).toBe('/idempotency-key');
        },
      );
    });

    describe.skipIf(!available)('for what is computed already', () => {
      const pinned = {
        model: 'org/tiny',
        revision: commit,
        method: 'fisher',
        dataset: { name: 'gsm8k', revision: later },
      };
      const provenance = {
        model: {
          name: 'org/tiny',
          revision: commit,
          model_type: 'llama',
          parameters: 6,
          dtype: 'F32',
          files: [],
        },
        dataset: {
          name: 'gsm8k',
          split: 'train',
          format: null,
          revision: later,
          indices: [0, 1],
          examples: 2,
          tokens: 2,
          truncated: 0,
          tokenizer_sha256: null,
          fingerprint: 'f',
          example_hashes: [],
        },
        engine: { ...engine, onnxruntime: '1.30.0' },
      };

      /** A job that a worker ended with a run of this provenance. */
      async function computed(body: object, changes: object = {}): Promise<string> {
        const { id } = (await post({ ...body, force: true })).json();
        await test.database.jobs.transitions.start(id, { workerId: 'test' });
        const run = await saveFisherRun(test.database, id, { ...provenance, ...changes });
        return run.id;
      }

      it('answers 200 with the finished job when every input is named by a commit', async () => {
        const runId = await computed(pinned);
        const answer = await post(pinned);
        expect(answer.statusCode).toBe(200);
        const job = answer.json();
        expect(job).toMatchObject({ status: 'succeeded', cached: true, run_id: runId, attempt: 0 });
        expect(answer.headers.location).toBe(`/jobs/${job.id}`);
        const scores = await test.app.inject(`/jobs/${job.id}/scores`);
        expect(scores.json().run.id).toBe(runId);
        const again = await post(pinned, 'k');
        expect((await post(pinned, 'k')).body).toBe(again.body);
        expect(again.statusCode).toBe(200);
      });

      it('computes again when it is forced to', async () => {
        await computed(pinned);
        const answer = await post({ ...pinned, force: true });
        expect(answer.statusCode).toBe(202);
        expect(answer.json()).toMatchObject({ cached: false, request: { force: true } });
      });

      it.each([
        ['a branch may have moved', { revision: 'main' }],
        ['a dataset without a commit may have changed', { dataset: 'gsm8k' }],
        ['another seed draws other examples', { params: { seed: 7 } }],
        ['another device is wanted', { device: 'cpu' }],
      ])('leaves it to the worker: %s', async (_, changes) => {
        await computed(pinned);
        const body = { ...pinned, ...changes };
        if ('revision' in changes || 'dataset' in changes) await computed(body);
        expect((await post(body)).statusCode).toBe(202);
      });

      it('leaves it to nobody: a folder may hold something else', async () => {
        await computed(pinned);
        expect((await post({ ...pinned, model: './tiny' })).statusCode).toBe(403);
      });

      it.each([
        ['an earlier engine', { engine: { ...provenance.engine, version: '0.0.1' } }],
        ['an earlier method', { method_version: '0' }],
        ['another commit', { model: { ...provenance.model, revision: later } }],
        ['the same files elsewhere', { model: { ...provenance.model, name: 'org/copy' } }],
        ['another data commit', { dataset: { ...provenance.dataset, revision: commit } }],
      ])('does not serve the run of %s', async (name, changes) => {
        const body = { ...pinned, params: { seed: name.length } };
        await computed(body, changes);
        expect((await post(body)).statusCode).toBe(202);
      });
    });
  },
);

describe('POST /jobs/{id}/retry', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await testApp();
  });
  afterAll(() => test.close());
  const post = (url: string, payload?: object) =>
    test.app.inject({ method: 'POST', url, ...(payload ? { payload } : {}) });

  it('queues a failed job again, with all attempts before it', async () => {
    const { id, urls } = (await post('/jobs', magnitude)).json();
    await test.database.jobs.transitions.start(id, { workerId: 'test' });
    await test.database.jobs.transitions.fail(id, {
      type: 'urn:layersense:error:internal',
      title: '',
      status: 500,
      detail: '',
      code: 'internal',
      retryable: false,
    });
    const answer = await post(urls.retry);
    expect(answer.statusCode).toBe(202);
    expect(answer.headers.location).toBe(urls.self);
    expect(answer.json()).toMatchObject({ id, status: 'queued', attempt: 0, error: null });
  });

  it('queues a canceled job again', async () => {
    const { id, urls } = (await post('/jobs', magnitude)).json();
    await post(urls.cancel);
    expect((await post(urls.retry)).json()).toMatchObject({ id, status: 'queued' });
  });

  it('refuses a job that has not ended, or has succeeded', async () => {
    const { id, urls } = (await post('/jobs', magnitude)).json();
    const queued = await post(urls.retry);
    expect([queued.statusCode, queued.json().code]).toEqual([409, 'job_unfinished']);
    await test.database.jobs.transitions.start(id, { workerId: 'test' });
    await saveFisherRun(test.database, id);
    const succeeded = await post(urls.retry);
    expect([succeeded.statusCode, succeeded.json().code]).toEqual([409, 'job_finished']);
  });

  it('leaves the job as it is while the queue is away', async () => {
    const queue = createJobQueue({ url: 'redis://127.0.0.1:9', onError: () => undefined });
    const app = await buildApp({ ...test.dependencies, queue, logger: pino({ level: 'silent' }) });
    const { id, urls } = (await post('/jobs', magnitude)).json();
    await post(urls.cancel);
    const answer = await app.inject({ method: 'POST', url: urls.retry });
    expect(answer.statusCode).toBe(503);
    expect((await test.database.jobs.get(id)).status).toBe('canceled');
    await app.close();
    await queue.close();
  });
});

describe('ETags', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await testApp();
  });
  afterAll(() => test.close());
  const get = (url: string, known?: string) =>
    test.app.inject({ url, ...(known ? { headers: { 'if-none-match': known } } : {}) });

  it('spare a poller the job until it has changed', async () => {
    const { id } = (
      await test.app.inject({ method: 'POST', url: '/jobs', payload: magnitude })
    ).json();
    const first = await get(`/jobs/${id}`);
    const etag = String(first.headers.etag);
    expect(etag).toMatch(/^"[\w-]+"$/);
    for (const known of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
      const unchanged = await get(`/jobs/${id}`, known);
      expect(unchanged.statusCode).toBe(304);
      expect(unchanged.body).toBe('');
      expect(unchanged.headers.etag).toBe(etag);
      expect(unchanged.headers['retry-after']).toBeDefined();
    }
    expect((await get(`/jobs/${id}`, '"other"')).statusCode).toBe(200);

    await test.database.jobs.transitions.start(id, { workerId: 'test' });
    const progress = {
      phase: 'computing',
      done: 1,
      total: 4,
      layer: 'model.layers.3',
      eta_seconds: 3.5,
    } as const;
    await test.database.jobs.reportProgress(id, progress);
    const changed = await get(`/jobs/${id}`, etag);
    expect(changed.statusCode).toBe(200);
    expect(changed.headers.etag).not.toBe(etag);
    expect(changed.json().progress).toEqual(progress);

    const run = await saveFisherRun(test.database, id);
    const { headers } = await get(`/runs/${run.id}`);
    expect((await get(`/runs/${run.id}`, String(headers.etag))).statusCode).toBe(304);
  });

  it('are of no error', async () => {
    const answer = await get('/jobs/job_01935b7c-0000-7000-8000-000000000000', '*');
    expect(answer.statusCode).toBe(404);
    expect(answer.headers.etag).toBeUndefined();
  });
});
