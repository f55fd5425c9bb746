import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Job, JobSpec, type ScoreReport } from '@layersense/contracts';
import { connectDatabase, type Database } from '@layersense/database';
import { formatTotals, predictedDamage } from '@layersense/runs';
import { SpillFolders } from '@layersense/scoring';
import { freshDatabase, nonEmpty } from '@layersense/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runStoredJobs } from './stored-job.js';

/* A Fisher run for quantisation, its marginals and the prices of formats go through the store. */
const model = fileURLToPath(
  new URL('../../../../packages/testing/fixtures/checkpoints/phi3', import.meta.url),
);
const hub = { endpoint: 'http://127.0.0.1:1', cacheFolder: '/nonexistent', offline: true };
const formats = ['int4_channel', 'int8_channel', 'int4_g16'];

let scratch: string;
let database: Database;
let fisher: ScoreReport;
let priced: ScoreReport;
const cleanups: (() => Promise<unknown>)[] = [];
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'layersense-priced-'));
  const fresh = await freshDatabase();
  database = connectDatabase(fresh.url);
  cleanups.push(
    () => database.close(),
    () => fresh.drop(),
    () => rm(scratch, { recursive: true }),
  );
  const rows = Array.from({ length: 24 }, (_, row) => ({
    input_ids: Array.from({ length: 5 }, (__, t) => (7 * (5 * row + t + 1)) % 61),
  }));
  const dataset = join(scratch, 'rows.jsonl');
  await writeFile(dataset, rows.map((row) => JSON.stringify(row)).join('\n'));
  const params = { examples: 24, purpose: 'quantisation' };
  fisher = (await submit({ method: 'fisher', dataset, device: 'cpu', params })).report;
  priced = (await submit(pricing())).report;
});
afterAll(async () => {
  for (const cleanup of cleanups) await cleanup();
});

const pricing = (run = fisher.run.id) => ({ method: 'price', params: { run, formats } });

async function submit(request: object): Promise<{ job: Job; report: ScoreReport }> {
  const spec = JobSpec.parse({ model, ...request });
  const { id } = await database.jobs.create({ spec, metadata: {} });
  const job = await database.jobs.transitions.start(id, { workerId: 'w' });
  if (!job) throw new Error('the job was queued');
  const services = { allowedRoots: [model, scratch], hub, threads: 1 };
  const run = runStoredJobs(database, services, new SpillFolders(join(scratch, 'spill')));
  await run({ jobId: id }, { job, signal: new AbortController().signal });
  const ended = await database.jobs.get(id);
  return { job: ended, report: await database.runs.report(ended.run_id ?? '') };
}

describe('prices in the store', () => {
  it('are those of the scores, each with its error', async () => {
    const { run, matrices } = await database.runs.damage({ run: priced.run.id });
    expect(run.priced_run).toEqual({ run_id: fisher.run.id, groups: fisher.run.marginals });
    const scores = new Map(priced.scores.map((score) => [score.parameter, score]));
    const predicted = predictedDamage(matrices, run.priced_run?.groups ?? null);
    for (const { parameter, format, ...each } of nonEmpty([...predicted])) {
      const score = scores.get(parameter);
      const metric = `${format}.predicted_kl`;
      expect(score?.values[metric], `${parameter} ${format}`).toBe(each.predicted_kl);
      const error =
        format === formats[0]
          ? score?.standard_error
          : score?.other_metrics?.[metric]?.standard_error;
      expect(each.standard_error).toBe(error);
      expect(each.tier).toBe('priced');
    }
    // Packed and with 40 inputs, which groups of 16 do not divide: no prices, and none of the whole.
    const parameter = 'model.layers.0.mlp.down_proj.weight';
    expect(scores.get(parameter)?.values['int4_g16.predicted_kl']).toBeNull();
    const wholes = predicted.filter((each) => each.parameter.endsWith('qkv_proj.weight'));
    expect(wholes.map(({ format }) => format)).toEqual(formats.flatMap((each) => [each, each]));
  });

  it('add up over a plan, with an interval', async () => {
    const { run, matrices } = await database.runs.damage({ run: priced.run.id });
    const groups = run.priced_run?.groups ?? null;
    const [total, ...others] = formatTotals(matrices, groups);
    expect(others.map(({ format }) => format)).toEqual(formats.slice(1));
    const own = priced.scores.filter(({ parameter }) => !parameter.endsWith(']'));
    const sum = own.reduce(
      (all, { values }) => all + (values['int4_channel.predicted_kl'] ?? 0),
      0,
    );
    expect((total?.predicted_kl ?? 0) / sum).toBeCloseTo(1, 12);
    const [low = 0, high = 0] = total?.confidence_interval ?? [];
    expect((high + low) / 2).toBeCloseTo(sum, 12);
    expect(high - low).toBeGreaterThan(total?.standard_error ?? Number.POSITIVE_INFINITY);
  });

  it('are found by the model, by the Fisher run, and by format', async () => {
    const { run } = await database.runs.damage({ model });
    expect(run.id).toBe(priced.run.id);
    const asked = { run: fisher.run.id, formats: ['int8_channel'] };
    const { run: same, matrices } = await database.runs.damage(asked);
    expect(same.id).toBe(priced.run.id);
    expect(new Set(matrices.map(({ format }) => format))).toEqual(new Set(['int8_channel']));
  });

  it('are not computed again, and listed under their metrics', async () => {
    const { job } = await submit(pricing());
    expect(job).toMatchObject({ cached: true, run_id: priced.run.id });
    const rows = await database.scores.query({
      method: 'price',
      model,
      sort: '-value',
      top: 1,
    });
    expect(rows).toMatchObject([{ metric: 'int4_channel.predicted_kl', rank: 1 }]);
  });

  it.each([
    [{ model: 'org/none' }, 'not_found', 'org/none has no priced formats'],
    [{ run: 'run_01935b7c-0000-7000-8000-000000000000' }, 'not_found', 'run_01935b7c'],
  ])('are not there of %j', async (query, code, message) => {
    await expect(database.runs.damage(query)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message),
    });
  });

  it('are of the formats of the run alone', async () => {
    await expect(
      database.runs.damage({ run: priced.run.id, formats: ['nvfp4'] }),
    ).rejects.toMatchObject({
      code: 'invalid_request',
      message: expect.stringContaining('"nvfp4"'),
    });
  });
});

it('a price of a run that there is none of fails the job', async () => {
  const run = 'run_01935b7c-0000-7000-8000-000000000000';
  await expect(submit(pricing(run))).rejects.toMatchObject({ code: 'not_found' });
});
