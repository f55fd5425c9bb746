import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Job, JobSpec, methodOf, type ScoreReport } from '@layersense/contracts';
import { connectDatabase, type Database } from '@layersense/database';
import { basisOfRun, engine, runIdentity } from '@layersense/runs';
import { noFinishedBatches, runSensitivityJob, SpillFolders } from '@layersense/scoring';
import { freshDatabase } from '@layersense/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { runStoredJobs } from './stored-job.js';

/*
 * Corrections of numbers raise the version of the method and of the engine, so that what was stored
 * before them is neither an answer nor a part of one.
 */
const model = fileURLToPath(
  new URL('../../../../packages/testing/fixtures/checkpoints/llama-tied', import.meta.url),
);
const hub = { endpoint: 'http://127.0.0.1:1', cacheFolder: '/nonexistent', offline: true };
const signal = new AbortController().signal;

let scratch: string;
let dataset: string;
let database: Database;
let dropDatabase: () => Promise<unknown>;

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'layersense-outdated-'));
  dataset = join(scratch, 'examples.jsonl');
  const rows = Array.from({ length: 6 }, (_, row) => ({
    input_ids: Array.from({ length: 8 }, (__, t) => (7 * (8 * row + t + 1)) % 61),
  }));
  await writeFile(dataset, rows.map((row) => JSON.stringify(row)).join('\n'));
});
afterAll(() => rm(scratch, { recursive: true }));
beforeEach(async () => {
  const fresh = await freshDatabase();
  database = connectDatabase(fresh.url);
  dropDatabase = fresh.drop;
});
afterEach(async () => {
  await database.close();
  await dropDatabase();
});

const services = () => ({ allowedRoots: [model, scratch], hub, threads: 1 });

const fisher = (examples: number) =>
  JobSpec.parse({ method: 'fisher', model, dataset, device: 'auto', params: { examples } });
const magnitude = () => JobSpec.parse({ method: 'magnitude', model, device: 'auto' });

interface Versions {
  readonly method: string;
  readonly engine: string;
}

/** Stores the job's run as code of these versions would have, under the identity that they give. */
async function storeRunOf(versions: Versions, spec: JobSpec): Promise<ScoreReport> {
  const report = await runSensitivityJob(
    spec,
    { ...services(), report: () => undefined, finishedBatches: noFinishedBatches },
    signal,
  );
  const run = {
    ...report.run,
    method_version: versions.method,
    engine: { ...report.run.engine, version: versions.engine },
  };
  const identity = runIdentity(basisOfRun(run), run.dataset ?? undefined);
  const stored = await database.runs.save({ ...report, run: { ...run, identity } });
  return { ...report, run: stored };
}

async function compute(spec: JobSpec): Promise<{ job: Job; report: ScoreReport }> {
  const { id } = await database.jobs.create({ spec, metadata: {} });
  const job = await database.jobs.transitions.start(id, { workerId: 'w' });
  if (!job) throw new Error('the job was queued');
  const run = runStoredJobs(database, services(), new SpillFolders(join(scratch, 'spill')));
  await run({ jobId: id }, { job, signal });
  const ended = await database.jobs.get(id);
  return { job: ended, report: await database.runs.report(ended.run_id ?? '') };
}

const current = { method: methodOf('fisher').version, engine: engine.version };

describe.each([
  ['an earlier method', { ...current, method: '1' }],
  ['an earlier engine', { ...current, engine: '0.1.0' }],
  ['the last release', { method: '1', engine: '0.1.0' }],
])('a run of %s', (_, versions) => {
  it.each([
    ['Fisher', () => fisher(3)],
    ['magnitude', magnitude],
  ])('is not served: %s', async (__, specOf) => {
    const spec = specOf();
    const outdated = await storeRunOf(versions, spec);
    const { job, report } = await compute(spec);
    expect(job).toMatchObject({ status: 'succeeded', cached: false });
    expect(report.run.id).not.toBe(outdated.run.id);
    expect(report.run.identity).not.toBe(outdated.run.identity);
  });

  it('is not extended', async () => {
    await storeRunOf(versions, fisher(3));
    const { report } = await compute(fisher(5));
    expect(report.run.derived_from).toEqual([]);
  });
});

it('of the present versions is served and extended', async () => {
  const stored = await storeRunOf(current, fisher(3));
  expect((await compute(fisher(3))).job).toMatchObject({ cached: true, run_id: stored.run.id });
  const { report } = await compute(fisher(5));
  expect(report.run.derived_from).toEqual([{ run_id: stored.run.id, examples: 3 }]);
});
