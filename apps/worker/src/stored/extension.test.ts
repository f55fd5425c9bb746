import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { JobSpec, type Progress, type ScoreReport } from '@layersense/contracts';
import { connectDatabase, type Database } from '@layersense/database';
import { mergeReports } from '@layersense/runs';
import {
  givenRun,
  type JobServices,
  noFinishedBatches,
  runSensitivityJob,
  SpillFolders,
} from '@layersense/scoring';
import { freshDatabase, nonEmpty, perExampleOf } from '@layersense/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runStoredJobs } from './stored-job.js';

const root = fileURLToPath(new URL('../../../../', import.meta.url));
const model = join(root, 'packages/testing/fixtures/checkpoints/llama-tied');
const hub = { endpoint: 'http://127.0.0.1:1', cacheFolder: '/nonexistent', offline: true };

let scratch: string;
let dataset: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'layersense-extension-'));
  dataset = join(scratch, 'equal-lengths.jsonl');
  // One length, so that batches are cut alike however many examples there are.
  const rows = Array.from({ length: 160 }, (_, row) => {
    const input_ids = Array.from(
      { length: 12 },
      (__, t) => (Math.imul(12 * row + t + 1, 0x9e3779b1) >>> 8) % 61,
    );
    return JSON.stringify({ input_ids });
  });
  await writeFile(dataset, rows.join('\n'));
});
afterAll(() => rm(scratch, { recursive: true }));

const specOf = (params: Record<string, unknown>, changes: Record<string, unknown> = {}) =>
  JobSpec.parse({
    method: 'fisher',
    model,
    dataset,
    device: 'cpu',
    params: { batch_size: 8, ...params },
    ...changes,
  });

function run(
  params: Record<string, unknown>,
  services: Partial<JobServices> = {},
  changes: Record<string, unknown> = {},
): Promise<ScoreReport> {
  return runSensitivityJob(
    specOf(params, changes),
    {
      allowedRoots: [root, scratch],
      hub,
      report: () => undefined,
      finishedBatches: noFinishedBatches,
      threads: 1,
      ...services,
    },
    new AbortController().signal,
  );
}

/** What must not depend on how a run came about. */
const numbers = ({ run: record, scores }: ScoreReport) => ({
  identity: record.identity,
  dataset: record.dataset,
  losses: record.example_losses,
  meanLoss: record.mean_loss,
  stability: record.stability,
  scores,
});

describe('extending a run', () => {
  it('of 64 examples to 128 gives every bit of 128 at once, and computes only the rest', async () => {
    const few = await run({ examples: 64 });
    const progress: Progress[] = [];
    const extended = await run(
      { examples: 128 },
      { earlier: givenRun(few), report: (update) => progress.push(update) },
    );
    const whole = await run({ examples: 128 });
    expect(numbers(extended)).toEqual(numbers(whole));
    expect(extended.run.derived_from).toEqual([{ run_id: few.run.id, examples: 64 }]);
    expect(whole.run.derived_from).toEqual([]);
    const computing = progress.filter(({ phase }) => phase === 'computing');
    expect(computing.map(({ done }) => done)).toEqual([64, 72, 80, 88, 96, 104, 112, 120, 128]);
  });

  it('with drawn labels asks for the same rows, seed and draws', async () => {
    const drawn = { labels: 'model', draws: 2 };
    const few = await run({ examples: 8, ...drawn });
    const extended = await run({ examples: 16, ...drawn }, { earlier: givenRun(few) });
    expect(numbers(extended)).toEqual(numbers(await run({ examples: 16, ...drawn })));
    const once = run({ examples: 16, labels: 'model' }, { earlier: givenRun(few) });
    await expect(once).rejects.toMatchObject({
      code: 'runs_incompatible',
      message: expect.stringContaining('label draws per example (2 and none)'),
    });
    const reseeded = run({ examples: 16, ...drawn, seed: 1 }, { earlier: givenRun(few) });
    await expect(reseeded).rejects.toMatchObject({
      code: 'runs_incompatible',
      message: expect.stringContaining('seed of the drawn labels'),
    });
  });
});

describe('merging runs', () => {
  it('of two disjoint halves gives every bit of the whole', async () => {
    const halves = [await run({ examples: 64 }), await run({ examples: 64, skip_examples: 64 })];
    const whole = await run({ examples: 128 });
    const merged = mergeReports(halves);
    const { identity, dataset: joint, ...statistics } = numbers(merged);
    const { identity: other, dataset: drawn, ...expected } = numbers(whole);
    expect(statistics).toEqual(expected);
    expect(joint).toEqual({ ...drawn, fingerprint: null });
    expect(identity).not.toBe(other);
    expect(mergeReports(halves.toReversed()).run.identity).toBe(identity);
    const three = [...halves, await run({ examples: 16, skip_examples: 128 })];
    expect(mergeReports(three).run.dataset?.examples).toBe(144);
  });

  it('lets one text stand twice in a dataset, but not in two of them', async () => {
    const text = JSON.stringify({ input_ids: [1, 2, 3, 4] });
    const twice = join(scratch, 'twice.jsonl');
    const once = join(scratch, 'once.jsonl');
    await writeFile(twice, `${text}\n${text}\n`);
    await writeFile(once, `${text}\n`);
    const of = (file: string, params: Record<string, unknown>) =>
      run(params, {}, { dataset: file });
    const [first, second] = [
      await of(twice, { examples: 1 }),
      await of(twice, { examples: 1, skip_examples: 1 }),
    ];
    expect(mergeReports([first, second]).run.dataset?.indices.toSorted()).toEqual([0, 1]);
    const copy = await of(once, { examples: 1 });
    expect(() => mergeReports([first, copy])).toThrow(
      expect.objectContaining({ code: 'runs_overlap' }),
    );
    await expect(of(once, { examples: 1, skip_examples: 1 })).rejects.toMatchObject({
      code: 'dataset_empty',
      message: expect.stringContaining('skip_examples leaves out 1'),
    });
  });
});

describe('true Fisher draws', () => {
  it('are averaged per example, the first being that of a single draw', async () => {
    const drawn = { examples: 8, labels: 'model' };
    const [one, two] = [await run(drawn), await run({ ...drawn, draws: 2 })];
    expect(one.run.identity).not.toBe(two.run.identity);
    expect(one.run.identity).toBe((await run({ ...drawn, draws: 1 })).run.identity);
    expect(two.run.definition).toContain('2 draws per example whose squares are averaged');
    const valuesOf = (report: ScoreReport) =>
      nonEmpty(perExampleOf(report).get('model.layers.0.self_attn.v_proj.weight')?.values() ?? []);
    const [[single], [pair]] = [valuesOf(one), valuesOf(two)];
    // The mean of the same first draw and a second one, which is not negative.
    expect(single).toBeGreaterThan(0);
    expect(pair).not.toBe(single);
    expect(pair).toBeGreaterThan(single / 2);
  });

  it('come closer to the expectation the more there are', async () => {
    const few = join(scratch, 'few.jsonl');
    const lines = (await readFile(dataset, 'utf8')).split('\n').slice(0, 24);
    await writeFile(few, lines.join('\n'));
    const drawn = async (seed: number, draws: number) => {
      const params = { examples: 24, labels: 'model', seed, draws };
      const values = perExampleOf(await run(params, {}, { dataset: few }));
      return [...values.values()].map((byRow) =>
        lines.map((_, row) => byRow.get(row) ?? Number.NaN),
      );
    };
    const distance = async (draws: number) => {
      const [a, b] = [(await drawn(1, draws)).flat(), (await drawn(2, draws)).flat()];
      return a.reduce((sum, value, i) => sum + Math.abs(value - (b[i] ?? Number.NaN)), 0);
    };
    // A sixteenth of the variance is a quarter of the distance.
    expect((await distance(16)) / (await distance(1))).toBeLessThan(0.4);
  });
});

describe('in the service', () => {
  let database: Database;
  const cleanups: (() => Promise<unknown>)[] = [];
  beforeAll(async () => {
    const fresh = await freshDatabase();
    database = connectDatabase(fresh.url);
    cleanups.push(
      () => database.close(),
      () => fresh.drop(),
    );
  });
  afterAll(async () => {
    for (const cleanup of cleanups) await cleanup();
  });

  async function submit(params: Record<string, unknown>): Promise<ScoreReport> {
    const { id } = await database.jobs.create({ spec: specOf(params), metadata: {} });
    const job = await database.jobs.transitions.start(id, { workerId: 'w' });
    if (!job) throw new Error('the job was queued');
    const services = { allowedRoots: [root, scratch], hub, threads: 1 };
    const signal = new AbortController().signal;
    const spill = new SpillFolders(join(scratch, 'spill'));
    await runStoredJobs(database, services, spill)({ jobId: id }, { job, signal });
    const { run_id } = await database.jobs.get(id);
    return await database.runs.report(run_id ?? '', { perExample: true });
  }

  it('a job takes over the largest run that it extends, and no other', async () => {
    const sixteen = await submit({ examples: 16 });
    const eight = await submit({ examples: 8 });
    await submit({ examples: 16, loss: 'sequence-sum' });
    await submit({ examples: 16, seed: 7 });
    const extended = await submit({ examples: 32 });
    expect(extended.run.derived_from).toEqual([{ run_id: sixteen.run.id, examples: 16 }]);
    const byParameter = (report: ScoreReport) =>
      new Map(report.scores.map((score) => [score.parameter, score]));
    const whole = await run({ examples: 32 });
    expect(byParameter(extended)).toEqual(byParameter(whole));
    expect(extended.run).toMatchObject({
      identity: whole.run.identity,
      example_losses: whole.run.example_losses,
      stability: whole.run.stability,
    });
    // The same again is the same run.
    const again = await submit({ examples: 8 });
    expect(again.run.id).toBe(eight.run.id);
  });
});
