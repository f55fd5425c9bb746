import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Job, JobSpec, type ScoreReport } from '@layersense/contracts';
import { connectDatabase, type Database } from '@layersense/database';
import type { SensitivityJobPayload } from '@layersense/queue';
import { SpillFolders } from '@layersense/scoring';
import { freshDatabase } from '@layersense/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runStoredJobs } from './stored-job.js';

const root = fileURLToPath(new URL('../../../../', import.meta.url));
const hub = { endpoint: 'http://127.0.0.1:1', cacheFolder: '/nonexistent', offline: true };

let scratch: string;
let model: string;
let dataset: string;
let database: Database;
const cleanups: (() => Promise<unknown>)[] = [];
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'layersense-equal-'));
  model = join(scratch, 'model');
  await cp(join(root, 'packages/testing/fixtures/checkpoints/llama-tied'), model, {
    recursive: true,
  });
  dataset = join(scratch, 'examples.jsonl');
  await writeDataset(7);
  const fresh = await freshDatabase();
  database = connectDatabase(fresh.url);
  cleanups.push(
    () => database.close(),
    () => fresh.drop(),
    () => rm(scratch, { recursive: true }),
  );
});
afterAll(async () => {
  for (const cleanup of cleanups) await cleanup();
});

async function writeDataset(factor: number): Promise<void> {
  const rows = Array.from({ length: 6 }, (_, row) => ({
    input_ids: Array.from({ length: 8 }, (__, t) => (factor * (8 * row + t + 1)) % 61),
  }));
  await writeFile(dataset, rows.map((row) => JSON.stringify(row)).join('\n'));
}

interface Ended {
  readonly job: Job;
  readonly report: ScoreReport;
}

interface Request {
  readonly force?: boolean;
  readonly params?: object;
  readonly [field: string]: unknown;
}

async function submit(request: Request = {}): Promise<Ended> {
  const { id } = await create(request);
  const job = await database.jobs.transitions.start(id, { workerId: 'w' });
  if (!job) throw new Error('the job was queued');
  await compute({ jobId: id }, job);
  const ended = await database.jobs.get(id);
  return { job: ended, report: await database.runs.report(ended.run_id ?? '') };
}

async function create(request: Request, shards = 1): Promise<Job> {
  const { force = false, params = {}, ...changes } = request;
  const fisher = { method: 'fisher', dataset, device: 'auto', params: { examples: 4, ...params } };
  const { method = 'fisher' } = changes;
  const ofMethod = method === 'magnitude' ? {} : method === 'fisher' ? fisher : { params };
  const spec = JobSpec.parse({ model, ...ofMethod, ...changes });
  return await database.jobs.create({ spec, metadata: {}, force, shards });
}

async function compute(work: SensitivityJobPayload, job: Job): Promise<void> {
  const services = { allowedRoots: [scratch], hub, threads: 1 };
  const runJob = runStoredJobs(database, services, new SpillFolders(join(scratch, 'spill')));
  await runJob(work, { job, signal: new AbortController().signal });
}

/** Computes a shard of the job, as a delivery of its entry would. */
async function computeShard(jobId: string, shard: number): Promise<void> {
  const started = await database.jobs.shards.start(jobId, shard, { workerId: 'w' });
  if (!started) throw new Error('the shard was queued');
  await compute({ jobId, shard }, started.job);
}

describe('a job whose run is stored', () => {
  it('ends with that run, and nothing is computed', async () => {
    const first = await submit();
    expect(first.job.cached).toBe(false);
    const second = await submit();
    expect(second.job).toMatchObject({ status: 'succeeded', cached: true });
    expect(second.report).toEqual(first.report);
    expect(second.job.progress?.phase).toBe('tokenizing');
    const events = await database.jobs.events.list(second.job.id);
    expect(events.at(-1)?.data).toMatchObject({ run_id: first.report.run.id, cached: true });
  });

  it('by its magnitudes', async () => {
    const magnitude = { method: 'magnitude' };
    const first = await submit(magnitude);
    const second = await submit(magnitude);
    expect([first.job.cached, second.job.cached]).toEqual([false, true]);
    expect(second.report.run.id).toBe(first.report.run.id);
  });

  it('by its format errors, of the same formats', async () => {
    const ofFormats = (...formats: string[]) =>
      submit({ method: 'format_error', params: { formats } });
    const first = await ofFormats('int8_channel', 'bf16');
    const second = await ofFormats('int8_channel', 'bf16');
    const others = await ofFormats('bf16', 'int8_channel');
    expect([first, second, others].map(({ job }) => job.cached)).toEqual([false, true, false]);
    expect(second.report.run.id).toBe(first.report.run.id);
    expect(others.report.run.metrics[0]).toBe('bf16.squared_error');
  });

  it('with batches of another size, or a device that the run had', async () => {
    const { report } = await submit();
    expect((await submit({ params: { batch_size: 1 } })).report.run.id).toBe(report.run.id);
    expect((await submit({ device: 'cpu' })).report.run.id).toBe(report.run.id);
  });
});

describe('a job in shards whose run is stored', () => {
  it('ends with that run at its first shard, and no shard is computed', async () => {
    const { report } = await submit();
    const { id } = await create({}, 3);
    await computeShard(id, 1);
    expect(await database.jobs.get(id)).toMatchObject({
      status: 'succeeded',
      cached: true,
      run_id: report.run.id,
    });
    expect(await database.jobs.shards.unfinished(id)).toEqual([]);
    expect(await database.jobs.shards.start(id, 0, { workerId: 'w' })).toBeUndefined();
    const events = (await database.jobs.events.list(id)).map(({ type }) => type);
    expect(events).toEqual(['created', 'started', 'shard_started', 'succeeded']);
  });

  it('is ended by one of its shards alone, and not once it was canceled', async () => {
    await submit();
    const { id } = await create({}, 2);
    const starts = [0, 1].map((shard) => database.jobs.shards.start(id, shard, { workerId: 'w' }));
    const [first, second] = await Promise.all(starts);
    if (!first || !second) throw new Error('the shards were queued');
    await compute({ jobId: id, shard: 0 }, first.job);
    const late = compute({ jobId: id, shard: 1 }, second.job);
    await expect(late).rejects.toMatchObject({ code: 'canceled' });

    const { id: other } = await create({}, 2);
    const started = await database.jobs.shards.start(other, 0, { workerId: 'w' });
    await database.jobs.transitions.requestCancel(other);
    if (!started) throw new Error('the shard was queued');
    const canceled = compute({ jobId: other, shard: 0 }, started.job);
    await expect(canceled).rejects.toMatchObject({ code: 'canceled' });
    expect((await database.jobs.get(other)).run_id).toBeNull();
  });

  it('is computed when it is forced', async () => {
    await submit();
    const { id } = await create({ force: true }, 2);
    await computeShard(id, 0);
    expect((await database.jobs.get(id)).status).toBe('running');
    expect(await database.jobs.shards.unfinished(id)).toEqual([1]);
  });
});

describe('is computed', () => {
  it('when it is forced, every example of it', async () => {
    const few = await submit();
    const forced = await submit({ force: true });
    expect(forced.job.cached).toBe(false);
    expect(forced.report.run.id).not.toBe(few.report.run.id);
    expect(forced.report.scores).toEqual(few.report.scores);
    const more = await submit({ force: true, params: { examples: 5 } });
    expect(more.report.run.derived_from).toEqual([]);
  });

  it.each([
    ['other examples', { params: { seed: 1 } }],
    ['another loss', { params: { loss: 'sequence-sum' } }],
    ['as many as stay stable', { params: { until: { top_k_stable: { k: 2, min_examples: 4 } } } }],
  ])('when it is about %s', async (_, request) => {
    const { report } = await submit();
    const other = await submit(request);
    expect(other.job.cached).toBe(false);
    expect(other.report.run.id).not.toBe(report.run.id);
  });

  it('when the model is of another name', async () => {
    await submit();
    const copy = join(scratch, 'copy');
    await cp(model, copy, { recursive: true });
    expect((await submit({ model: copy })).job.cached).toBe(false);
  });

  it('when the dataset has changed under its name', async () => {
    await submit();
    await writeDataset(11);
    expect((await submit()).job.cached).toBe(false);
    await writeDataset(7);
    expect((await submit()).job.cached).toBe(true);
  });
});
