import { LayersenseClient, ServiceError } from '@layersense/client';
import { JobSpec } from '@layersense/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { saveFisherRun } from './test-support/save-fisher-run.js';
import { type TestApp, testApp } from './test-support/test-app.js';

let test: TestApp;
let url: string;
beforeAll(async () => {
  test = await testApp();
  url = await test.app.listen({ host: '127.0.0.1', port: 0 });
});
afterAll(() => test.close());

const magnitude = { model: 'org/model', method: 'magnitude' } as const;
const refused = (call: Promise<unknown>) => call.catch((error: unknown) => error);

describe('the TypeScript client', () => {
  it('submits, looks, cancels and retries', async () => {
    const client = new LayersenseClient({ url });
    const job = await client.submit({ ...magnitude, metadata: { ticket: 'Q-1' } });
    expect(job).toMatchObject({ status: 'queued', metadata: { ticket: 'Q-1' } });
    expect(await client.job(job.id)).toMatchObject({ id: job.id });
    expect(await client.cancel(job.id)).toMatchObject({ status: 'canceled' });
    expect(await client.wait(job.id)).toMatchObject({ status: 'canceled' });
    expect(await client.retry(job.id)).toMatchObject({ status: 'queued' });
  });

  it('makes one job of one key', async () => {
    const client = new LayersenseClient({ url });
    const first = await client.submit(magnitude, 'the-key');
    expect((await client.submit(magnitude, 'the-key')).id).toBe(first.id);
    expect((await client.submit(magnitude)).id).not.toBe(first.id);
  });

  it('sends a request again that met a passing trouble, and makes one job', async () => {
    const troubled = await testApp();
    let requests = 0;
    troubled.app.addHook('onSend', async (request, reply) => {
      if (request.method !== 'POST' || ++requests > 1) return;
      // The job is stored by now; only the answer is lost.
      reply.code(503).header('retry-after', '0');
    });
    const address = await troubled.app.listen({ host: '127.0.0.1', port: 0 });
    const job = await new LayersenseClient({ url: address }).submit(magnitude);
    expect(requests).toBe(2);
    const { data } = await troubled.database.jobs.list({ limit: 10 });
    expect(data.map(({ id }) => id)).toEqual([job.id]);
    await troubled.close();
  });

  it('rejects with the problem of the service', async () => {
    const client = new LayersenseClient({ url });
    const error = await refused(client.job('job_00000000-0000-7000-8000-000000000000'));
    expect(error).toBeInstanceOf(ServiceError);
    expect(error).toMatchObject({ code: 'not_found', status: 404 });
  });

  it('says so when something else answers', async () => {
    const client = new LayersenseClient({ url: `${url}/docs/static`, retries: 0 });
    expect(await refused(client.job('x'))).toMatchObject({ status: 404 });
  });

  it('gives up when nothing answers', async () => {
    const client = new LayersenseClient({ url: 'http://127.0.0.1:1', retries: 0 });
    expect(await refused(client.job('x'))).not.toBeInstanceOf(ServiceError);
  });

  it('reads the store', async () => {
    const job = await test.database.jobs.create({ spec: JobSpec.parse(magnitude), metadata: {} });
    await test.database.jobs.transitions.start(job.id, { workerId: 'w' });
    const { id } = await saveFisherRun(test.database, job.id);
    const client = new LayersenseClient({ url });
    const { data } = await client.storedScores({ top: 2, run_id: id });
    expect(data).toHaveLength(2);
    expect(await client.run(id)).toMatchObject({ id, method: 'fisher' });
  });
});
