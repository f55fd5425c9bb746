import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Job, JobSpec, type ScoreReport } from '@layersense/contracts';
import { connectDatabase, type Database } from '@layersense/database';
import type { SensitivityJobPayload } from '@layersense/queue';
import { mergeReports } from '@layersense/runs';
import {
  noFinishedBatches,
  runSensitivityJob,
  SpillFolders,
  WarmCompute,
} from '@layersense/scoring';
import { freshDatabase, parityCheckpoints } from '@layersense/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { storedBatches } from './stored-batches.js';
import { runStoredJobs } from './stored-job.js';

const model = parityCheckpoints().find(({ name }) => name === 'llama-tied')?.folder ?? '';
const hub = { endpoint: 'http://127.0.0.1:1', cacheFolder: '/nonexistent', offline: true };
const pairs = {
  formats: ['int3_g32', 'int8_channel'],
  matrices: ['*.1.mlp.up_proj.weight', '*.0.self_attn.q_proj.weight'],
};

let scratch: string;
let dataset: string;
let database: Database;
const warm = new WarmCompute();
const cleanups: (() => Promise<unknown>)[] = [() => warm.stop()];
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'layersense-measured-'));
  dataset = join(scratch, 'examples.jsonl');
  const rows = [9, 21, 14, 6].map((length, n) =>
    JSON.stringify({ input_ids: Array.from({ length }, (_, t) => (t * t * 5 + n * 17) % 61) }),
  );
  await writeFile(dataset, rows.join('\n'));
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

const specOf = (params: object) =>
  JobSpec.parse({
    model,
    method: 'measure',
    dataset,
    device: 'cpu',
    params: { examples: 4, batch_size: 2, ...params },
  });

const create = (params: object, { shards = 1, force = false } = {}) =>
  database.jobs.create({ spec: specOf(params), metadata: {}, force, shards });

/** Computes a job or shard as the delivery of its entry would. */
async function compute(work: SensitivityJobPayload, job: Job): Promise<void> {
  const services = { allowedRoots: ['/'], hub, threads: 1, compute: warm };
  const runJob = runStoredJobs(database, services, new SpillFolders(join(scratch, 'spill')));
  await runJob(work, { job, signal: new AbortController().signal });
}

async function start(id: string): Promise<Job> {
  const job = await database.jobs.transitions.start(id, { workerId: 'w' });
  if (!job) throw new Error('the job was queued');
  return job;
}

async function ended(id: string): Promise<{ readonly job: Job; readonly report: ScoreReport }> {
  const job = await database.jobs.get(id);
  return { job, report: await database.runs.report(job.run_id ?? '', { perExample: true }) };
}

async function submit(params: object) {
  const { id } = await create(params);
  await compute({ jobId: id }, await start(id));
  return await ended(id);
}

/** What must not depend on how a run came about. */
const numbers = ({ run, scores }: ScoreReport) => ({
  identity: run.identity,
  losses: run.example_losses,
  scores: scores.toSorted((a, b) => a.rank - b.rank),
});

/** Computed without a store. */
function measured(params: object, finishedBatches = noFinishedBatches): Promise<ScoreReport> {
  const services = { allowedRoots: ['/'], hub, threads: 1, compute: warm, report: () => undefined };
  const { signal } = new AbortController();
  return runSensitivityJob(specOf(params), { ...services, finishedBatches }, signal);
}

it('is stored with every number, and is the answer to an equal job', async () => {
  const expected = await measured({ pairs });
  const first = await submit({ pairs });
  expect(first.job).toMatchObject({ status: 'succeeded', cached: false });
  expect(numbers(first.report)).toEqual(numbers(expected));
  expect((await submit({ pairs })).job.cached).toBe(true);
  const others = await submit({ pairs: { ...pairs, formats: ['int8_channel', 'int3_g32'] } });
  expect(others.job.cached).toBe(false);
  const fewer = await submit({ pairs, examples: 3 });
  expect(fewer.job.cached).toBe(false);
  expect(() => mergeReports([first.report, fewer.report])).toThrow(
    expect.objectContaining({ code: 'runs_incompatible' }),
  );
});

it('of an assignment is a score of the whole model, held out from a stored run', async () => {
  const assignments = [{ name: 'plan', weights: { '*_proj.weight': 'int8_channel' } }];
  const { report } = await submit({ pairs });
  const calibration = { assignments, calibration_run: report.run.id };
  const plan = await submit(calibration);
  expect(plan.report.run.definition).toContain('4 of the 4 examples are among those of');
  expect(plan.report.scores).toMatchObject([{ parameter: '*', rank: 1, n: 4 }]);
  const { id } = await create({ ...calibration, held_out: 'required' });
  const refused = compute({ jobId: id }, await start(id));
  await expect(refused).rejects.toMatchObject({ code: 'runs_overlap' });
  const unknown = 'run_01935b7c-0000-7000-8000-000000000000';
  const other = await create({ assignments, calibration_run: unknown });
  const missing = compute({ jobId: other.id }, await start(other.id));
  await expect(missing).rejects.toMatchObject({ code: 'not_found' });
});

it('goes on with the batches that a killed worker has finished', async () => {
  const params = { pairs: { ...pairs, formats: ['int3_g32', 'int4_g32'] } };
  const { id } = await create(params);
  const job = await start(id);
  const stored = storedBatches(database, id);
  let left = 3;
  const dying = {
    ...stored,
    appendValues: async (...values: Parameters<typeof stored.appendValues>) => {
      if (left-- === 0) throw new Error('killed');
      await stored.appendValues(...values);
    },
  };
  await expect(measured(params, dying)).rejects.toThrow('killed');
  expect(await database.jobs.batches.load(id)).toHaveLength(3);
  await compute({ jobId: id }, job);
  const { report } = await ended(id);
  expect(numbers(report)).toEqual(numbers(await measured(params)));
});

it('is made of the values of its shards', async () => {
  const params = { pairs: { ...pairs, formats: ['int2_g32', 'int4_g32'] } };
  const { id } = await create(params, { shards: 2 });
  for (const shard of [0, 1]) {
    const started = await database.jobs.shards.start(id, shard, { workerId: 'w' });
    if (!started) throw new Error('the shard was queued');
    await compute({ jobId: id, shard }, started.job);
  }
  await compute({ jobId: id }, await start(id));
  const { report } = await ended(id);
  expect(numbers(report)).toEqual(numbers(await measured(params)));
  expect(report.run.plan_reason).toContain('2 computations');
});
