import { canonicalJson } from '@layersense/contracts';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../test-support/test-database.js';
import { fisherReport, fisherSpec } from '../test-support/test-reports.js';

let database: TestDatabase;
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database.close());

const newJob = { spec: fisherSpec('test/idempotent'), metadata: {} };
let keys = 0;
const newKey = () => ({ scope: 'alice', key: `key-${++keys}`, fingerprint: 'f' });
const createdJobs = async () =>
  (await database.jobs.list({ model: 'test/idempotent', limit: 200 })).data.length;

async function age(key: string, hours: number): Promise<void> {
  const client = new Client({ connectionString: database.url });
  await client.connect();
  await client.query(
    `UPDATE idempotency_key SET created_at = now() - make_interval(hours => $2) WHERE key = $1`,
    [key, hours],
  );
  await client.end();
}

describe('a job under an idempotency key', () => {
  it('is created once by however many requests at once, and every one is answered with it', async () => {
    const before = await createdJobs();
    const key = newKey();
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => database.jobs.createOnce(newJob, key)),
    );
    expect(new Set(answers.map(({ job }) => canonicalJson(job))).size).toBe(1);
    expect(answers.filter(({ replayed }) => !replayed)).toHaveLength(1);
    expect(await createdJobs()).toBe(before + 1);
  });

  it('is answered as it was, whatever has become of it', async () => {
    const key = newKey();
    const { job } = await database.jobs.createOnce(newJob, key);
    await database.jobs.transitions.requestCancel(job.id);
    expect(await database.jobs.idempotencyKeys.answer(key)).toEqual(job);
  });

  it('is not the job of another request, or of another caller', async () => {
    const key = newKey();
    const { job } = await database.jobs.createOnce(newJob, key);
    const other = { ...key, fingerprint: 'g' };
    const before = await createdJobs();
    await expect(database.jobs.createOnce(newJob, other)).rejects.toMatchObject({
      code: 'idempotency_key_reused',
    });
    expect(await createdJobs()).toBe(before);
    const theirs = await database.jobs.createOnce(newJob, { ...key, scope: 'bob' });
    expect(theirs.replayed).toBe(false);
    expect(theirs.job.id).not.toBe(job.id);
  });

  it('stands for a day', async () => {
    const key = newKey();
    const { job } = await database.jobs.createOnce(newJob, key);
    await age(key.key, 23);
    expect((await database.jobs.createOnce(newJob, key)).job.id).toBe(job.id);
    await age(key.key, 25);
    expect(await database.jobs.idempotencyKeys.answer(key)).toBeUndefined();
    const later = await database.jobs.createOnce(newJob, key);
    expect(later).toMatchObject({ replayed: false });
    expect(later.job.id).not.toBe(job.id);
  });

  it('loses its key to the sweep, and stays itself', async () => {
    const [old, young] = [newKey(), newKey()];
    const { job } = await database.jobs.createOnce(newJob, old);
    await database.jobs.createOnce(newJob, young);
    await age(old.key, 25);
    expect(await database.jobs.idempotencyKeys.sweep()).toBe(1);
    expect(await database.jobs.idempotencyKeys.answer(young)).toBeDefined();
    expect((await database.jobs.get(job.id)).status).toBe('queued');
  });
});

describe('a job with a stored run', () => {
  it('is created succeeded', async () => {
    const run = await database.runs.save(fisherReport([{ parameter: 'a.weight', sum: 1 }]));
    const job = await database.jobs.create({ ...newJob, runId: run.id });
    expect(job).toMatchObject({ status: 'succeeded', cached: true, run_id: run.id, attempt: 0 });
    expect(job.finished_at).not.toBeNull();
    const types = (await database.jobs.events.list(job.id)).map(({ type }) => type);
    expect(types).toEqual(['created', 'succeeded']);
    expect(await database.runs.findBySpec(newJob.spec)).toEqual(run);
    expect(await database.runs.findBySpec(fisherSpec('other/model'))).toBeUndefined();
  });
});
