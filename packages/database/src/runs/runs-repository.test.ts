import { randomUUID } from 'node:crypto';
import { Run, ScoreReport, ScoresQuery } from '@layersense/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../test-support/test-database.js';
import { fisherReport, fisherRun, fisherSpec } from '../test-support/test-reports.js';
import type { NewReport } from './save-run.js';

let database: TestDatabase;
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database.close());

const twoLayers = [
  { parameter: 'model.layers.0.self_attn.v_proj.weight', sum: 3 },
  { parameter: 'lm_head.weight', sum: 5 },
];

/** Doubles of every size, denormal ones included, that are the same in each test run. */
function squaredNorm(layer: number, example: number): number {
  const mantissa = Math.abs(Math.sin(layer * 64 + example + 1)) + Number.MIN_VALUE;
  return mantissa * 2 ** (((layer * 7 + example * 13) % 2000) - 1060);
}

async function countRuns(): Promise<number> {
  return (await database.catalogue.models()).data.reduce((sum, { runs }) => sum + runs, 0);
}

describe('saving', () => {
  it('gives back 254 layers of 64 examples with every bit', async () => {
    const layers = Array.from({ length: 254 }, (_, layer) => {
      const perExample = Array.from({ length: 64 }, (_, example) => squaredNorm(layer, example));
      const sum = perExample.reduce((total, value) => total + value / 64, 0);
      return { parameter: `model.layers.${layer}.mlp.up_proj.weight`, sum, perExample };
    });
    const model = { ...fisherRun().model, name: 'test/big' };
    const report: NewReport = fisherReport(layers, { model });
    const run = await database.runs.save(report);
    const stored = await database.runs.report(run.id, { perExample: true });
    expect(stored).toEqual({ run, scores: report.scores });
    expect(ScoreReport.parse(stored)).toEqual(stored);
  });

  it('keeps the whole provenance', async () => {
    const report = fisherReport(twoLayers);
    const run = await database.runs.save(report);
    expect(run).toEqual({
      ...report.run,
      id: expect.stringMatching(/^run_[0-9a-f-]{36}$/),
      object: 'run',
      created_at: expect.any(String),
    });
    expect(Run.parse(run)).toEqual(run);
    expect(await database.runs.get(run.id)).toEqual(run);
  });

  it('leaves per-example values out unless they are asked for', async () => {
    const { id } = await database.runs.save(
      fisherReport([{ parameter: 'a.weight', sum: 2, perExample: [1, 2, 3] }]),
    );
    const [without] = (await database.runs.report(id)).scores;
    expect(without).not.toHaveProperty('per_example');
    const [score] = (await database.runs.report(id, { perExample: true })).scores;
    expect(score?.per_example).toEqual([1, 2, 3]);
  });

  it('keeps errors of other metrics, and their examples where these are asked for', async () => {
    const { run, scores } = fisherReport(twoLayers);
    const density = { standard_error: 0.25, per_example: [1, 0.1 + 0.2] };
    const others = [{ other_metrics: { density } }, {}];
    const report = { run, scores: scores.map((score, i) => ({ ...score, ...others[i] })) };
    const { id } = await database.runs.save(report);
    const whole = await database.runs.report(id, { perExample: true });
    expect(whole.scores).toEqual(report.scores);
    const [parameter = ''] = report.scores.map((score) => score.parameter);
    expect(await database.runs.perExample(id, [parameter])).toEqual(
      new Map([[parameter, { other_metrics: { density } }]]),
    );
    const { scores: bare } = await database.runs.report(id);
    expect(bare[0]?.other_metrics).toEqual({ density: { standard_error: 0.25 } });
    expect(bare[1]).not.toHaveProperty('other_metrics');
    const [row] = await database.scores.query(ScoresQuery.parse({ run_id: id, metric: 'density' }));
    expect(row).toMatchObject({ metric: 'density', standard_error: 0.25 });
  });

  it('keeps the tokens that experts saw, per example only where that is asked for', async () => {
    const { run, scores } = fisherReport(
      ['a', 'b', 'c'].map((layer) => ({
        parameter: `${layer}.weight`,
        sum: 2,
        perExample: [1, 3],
      })),
    );
    const routed = [
      { routed_tokens: 2 ** 40, routed_examples: 2, per_example_routed_tokens: [1, 2 ** 20] },
      { routed_tokens: null, routed_examples: null },
      { routed_tokens: 0, routed_examples: 0, per_example_routed_tokens: [0, 0] },
    ];
    const report = { run, scores: scores.map((score, i) => ({ ...score, ...routed[i] })) };
    const { id } = await database.runs.save(report);
    const stored = await database.runs.report(id, { perExample: true });
    expect(stored.scores).toEqual(report.scores);
    const { scores: bare } = await database.runs.report(id);
    expect(bare).toHaveLength(3);
    for (const score of bare) expect(score).not.toHaveProperty('per_example_routed_tokens');
    const rows = await database.scores.query(ScoresQuery.parse({ run_id: id, metric: 'density' }));
    expect(rows.map((row) => [row.layer, row.routed_tokens, row.routed_examples])).toEqual([
      ['a', 2 ** 40, 2],
      ['b', null, null],
      ['c', 0, 0],
    ]);
  });

  it('keeps a data-free run and an import without shapes', async () => {
    const report: NewReport = {
      run: fisherRun({
        method: 'magnitude',
        metrics: ['l1'],
        imported: true,
        source: 'TaskQuant',
        model: { ...fisherRun().model, revision: 'imported' },
        dataset: null,
        loss: null,
        labels: null,
        mean_loss: null,
        device: null,
        peak_memory_bytes: null,
      }),
      scores: [
        {
          layer: 'a',
          parameter: 'a',
          shape: [],
          numel: null,
          n: null,
          values: { l1: 0.1 + 0.2 },
          standard_error: null,
          routed_tokens: null,
          routed_examples: null,
          rank: 1,
        },
      ],
    };
    const run = await database.runs.save(report);
    expect(await database.runs.report(run.id)).toEqual({ run, scores: report.scores });
  });

  it('lets eight savers of one model run at once', async () => {
    const parameters = Array.from({ length: 40 }, (_, index) => `layers.${index}.weight`);
    const model = { ...fisherRun().model, name: 'test/contended' };
    const saves = Array.from({ length: 8 }, (_, saver) => {
      const order = saver % 2 === 0 ? parameters : [...parameters].reverse();
      return database.runs.save(
        fisherReport(
          order.map((parameter, index) => ({ parameter, sum: index })),
          { model },
        ),
      );
    });
    const runs = await Promise.all(saves);
    const reports = await Promise.all(runs.map(({ id }) => database.runs.report(id)));
    expect(reports.map(({ scores }) => scores.length)).toEqual(Array(8).fill(40));
  });
});

describe('refusals leave nothing behind', () => {
  const model = { ...fisherRun().model, name: 'test/refused' };
  const refused = fisherReport(twoLayers, { model });
  const [first, second] = refused.scores;
  if (first === undefined || second === undefined) throw new Error('two layers were scored');

  it.each<[string, string, NewReport]>([
    ['an infinite value', 'non_finite_gradient', change({ values: { sum: Infinity, density: 1 } })],
    ['a NaN per example', 'non_finite_gradient', change({ per_example: [1, Number.NaN] })],
    ['a NaN error', 'non_finite_gradient', change({ standard_error: Number.NaN })],
    ['no scores', 'invalid_request', { run: refused.run, scores: [] }],
    ['a parameter twice', 'invalid_request', { run: refused.run, scores: [first, first] }],
    [
      'an unknown metric',
      'invalid_request',
      { ...refused, run: { ...refused.run, metrics: ['l1'] } },
    ],
    ['a number out of range', 'invalid_request', change({ n: 3_000_000_000 })],
    ['another shape', 'tensor_mismatch', change({ shape: [8, 4] })],
  ])('%s is %s', async (what, code, report) => {
    if (what === 'another shape') await database.runs.save(refused);
    const before = [await countRuns(), (await database.catalogue.models()).data];
    await expect(database.runs.save(report)).rejects.toMatchObject({ code });
    expect([await countRuns(), (await database.catalogue.models()).data]).toEqual(before);
  });

  function change(changes: Partial<NewReport['scores'][number]>): NewReport {
    return { run: refused.run, scores: [{ ...refused.scores[0], ...changes } as never] };
  }
});

describe('saving the run of a job', () => {
  async function runningJob(): Promise<string> {
    const { id } = await database.jobs.create({ spec: fisherSpec(), metadata: {} });
    await database.jobs.transitions.start(id, { workerId: 'w' });
    return id;
  }

  it('ends the job with the run', async () => {
    const jobId = await runningJob();
    const run = await database.runs.save(fisherReport(twoLayers), { jobId });
    expect(await database.jobs.get(jobId)).toMatchObject({ status: 'succeeded', run_id: run.id });
    const events = await database.jobs.events.list(jobId);
    expect(events.at(-1)).toMatchObject({ type: 'succeeded', data: { run_id: run.id } });
  });

  it('keeps nothing when the job was canceled meanwhile', async () => {
    const jobId = await runningJob();
    await database.jobs.transitions.requestCancel(jobId);
    const before = await countRuns();
    await expect(database.runs.save(fisherReport(twoLayers), { jobId })).rejects.toMatchObject({
      code: 'canceled',
    });
    expect(await countRuns()).toBe(before);
    expect((await database.jobs.get(jobId)).status).toBe('canceling');
  });

  it('keeps one run when two workers finish the same job', async () => {
    const jobId = await runningJob();
    const before = await countRuns();
    const saves = await Promise.allSettled([
      database.runs.save(fisherReport(twoLayers), { jobId }),
      database.runs.save(fisherReport(twoLayers), { jobId }),
    ]);
    const lost = saves.filter(({ status }) => status === 'rejected');
    expect(lost).toMatchObject([{ reason: { code: 'job_finished' } }]);
    expect(await countRuns()).toBe(before + 1);
  });

  it('knows no other job', async () => {
    const jobId = `job_${randomUUID()}`;
    const before = await countRuns();
    await expect(database.runs.save(fisherReport(twoLayers), { jobId })).rejects.toMatchObject({
      code: 'not_found',
    });
    expect(await countRuns()).toBe(before);
  });
});

describe('finding', () => {
  it('returns the newest run of an identity', async () => {
    const identity = 'e'.repeat(64);
    expect(await database.runs.findByIdentity(identity)).toBeUndefined();
    await database.runs.save(fisherReport(twoLayers, { identity }));
    const newest = await database.runs.save(fisherReport(twoLayers, { identity }));
    expect(await database.runs.findByIdentity(identity)).toEqual(newest);
  });

  it.each(['run_nonsense', `run_${randomUUID()}`])('knows no run %s', async (id) => {
    await expect(database.runs.get(id)).rejects.toMatchObject({ code: 'not_found' });
    await expect(database.runs.report(id)).rejects.toMatchObject({ code: 'not_found' });
  });

  it('lists what has runs', async () => {
    const models = (await database.catalogue.models()).data;
    expect(models).toContainEqual({
      name: 'test/big',
      revision: 'r1',
      model_type: 'llama',
      parameters: 1_235_814_400,
      runs: 1,
      newest_run_at: expect.any(String),
    });
    expect((await database.catalogue.datasets()).data.map(({ name }) => name)).toEqual(['gsm8k']);
  });
});
