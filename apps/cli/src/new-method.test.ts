import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Job, MethodList, ScoreReport, StoredScoreList } from '@layersense/contracts';
import { freshDatabase } from '@layersense/testing';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Service, startService } from './start-service.js';
import { makeScratchFolder, type ScratchFolder } from './test-support/scratch-folder.js';
import { registerShapeMethod } from './test-support/shape-method.js';

/*
 * A method that API, worker, store, formats and command line have never heard of goes through all of
 * them: what they know of methods is what the method says of itself.
 */
const model = fileURLToPath(new URL('../../../demo/model', import.meta.url));
const WEIGHTS = 56;

let scratch: ScratchFolder;
let service: Service;
const cleanups: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  registerShapeMethod();
  scratch = await makeScratchFolder();
  const database = await freshDatabase();
  const environment = { DATABASE_URL: database.url, THREADS: '1', HF_HUB_OFFLINE: '1' };
  const place = { dataFolder: scratch.path, host: '127.0.0.1', port: 0, roots: [model] };
  service = await startService({ ...place, environment }, pino({ level: 'silent' }));
  cleanups.push(
    () => service.stop(),
    () => database.drop(),
    () => scratch.remove(),
  );
});
afterAll(async () => {
  for (const cleanup of cleanups) await cleanup();
});

async function get(path: string, accept = 'application/json'): Promise<string> {
  const response = await fetch(`${service.url}${path}`, { headers: { accept } });
  expect(response.status, path).toBe(200);
  return await response.text();
}

const getJob = async (id: string) => Job.parse(JSON.parse(await get(`/jobs/${id}`)));
const getScores = async (query: string) => StoredScoreList.parse(JSON.parse(await get(query))).data;

async function submit(params: object): Promise<string> {
  const response = await fetch(`${service.url}/jobs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model, method: 'shape', params }),
  });
  expect(response.status).toBe(202);
  const { id } = Job.parse(await response.json());
  await expect.poll(async () => (await getJob(id)).status, { timeout: 300_000 }).toBe('succeeded');
  return id;
}

it('is offered with its parameters', async () => {
  const { data } = MethodList.parse(JSON.parse(await get('/methods')));
  const names = data.map(({ name }) => name);
  const known = ['fisher', 'magnitude', 'format_error', 'measure', 'price'];
  expect(names).toEqual([...known, 'shape']);
  expect(data[5]).toMatchObject({
    version: '7',
    definition: 'numel to the powers 1',
    metrics: ['numel^1'],
    needs_dataset: false,
  });
  expect(data[5]?.params.properties).toHaveProperty('powers');
});

it('is computed, stored and ranked by the first metric of its own run', async () => {
  const id = await submit({ powers: [2, 3] });
  const report = ScoreReport.parse(JSON.parse(await get(`/jobs/${id}/scores`)));
  expect(report.run).toMatchObject({
    method: 'shape',
    method_version: '7',
    metrics: ['numel^2', 'numel^3'],
    params: { powers: [2, 3] },
  });
  expect(report.scores).toHaveLength(WEIGHTS);
  expect(report.scores[0]).toMatchObject({
    parameter: 'model.embed_tokens.weight',
    values: { 'numel^2': (4000 * 192) ** 2, 'numel^3': (4000 * 192) ** 3 },
  });

  const csv = await get(`/jobs/${id}/scores`, 'text/csv');
  expect(csv.split('\r\n')[0]).toContain('numel^2,numel^3');
  expect(csv.trim().split('\r\n')).toHaveLength(WEIGHTS + 1);

  const query = `/scores?model=${encodeURIComponent(model)}&method=shape&top=1`;
  expect(await getScores(query)).toMatchObject([
    { metric: 'numel^2', value: (4000 * 192) ** 2, rank: 1 },
  ]);
  expect(await getScores(`${query}&metric=numel%5E3`)).toMatchObject([
    { metric: 'numel^3', value: (4000 * 192) ** 3 },
  ]);
});

it('has its own idea of what makes two runs one', async () => {
  const [first, again, different] = [
    await submit({ powers: [1] }),
    await submit({ powers: [1] }),
    await submit({ powers: [4] }),
  ];
  const jobs = await Promise.all([first, again, different].map(getJob));
  expect(jobs.map(({ cached }) => cached)).toEqual([false, true, false]);
  expect(jobs[1]?.run_id).toBe(jobs[0]?.run_id);
  expect(jobs[2]?.run_id).not.toBe(jobs[0]?.run_id);
});

it('refuses a parameter and a metric that it does not have', async () => {
  const refused = await fetch(`${service.url}/jobs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model, method: 'shape', params: { powers: [10] } }),
  });
  expect(refused.status).toBe(422);
  const metric = await fetch(`${service.url}/scores?method=shape&metric=sum`);
  expect(metric.status).toBe(422);
  expect(await metric.text()).toContain('numel^1 to numel^9');
});

it('runs on the command line', async () => {
  const { runProgram } = await import('./program.js');
  const out = join(scratch.path, 'shape.json');
  const words = ['score', model, '--method', 'shape', '--param', 'powers=[3]', '--out', out];
  expect(await runProgram([...words, '--json'])).toBe(0);
  const { run, scores } = ScoreReport.parse(JSON.parse(await readFile(out, 'utf8')));
  expect(run).toMatchObject({ method: 'shape', metrics: ['numel^3'], params: { powers: [3] } });
  expect(scores).toHaveLength(WEIGHTS);
});
