import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { JobSpec, type MeasureParams, measureMetrics, ScoreReport } from '@layersense/contracts';
import { hubSettingsFromEnvironment } from '@layersense/model-source';
import { largestRelativeError, nonEmpty, parityCheckpoints } from '@layersense/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FinishedValues, type JobServices, noFinishedBatches } from '../../job-services.js';
import { runSensitivityJob } from '../../run-sensitivity-job.js';
import { runShard } from '../../run-shard.js';
import { OnnxJobs } from '../../test-support/onnx-jobs.js';
import { useWarmCompute } from '../../test-support/use-warm-compute.js';

const watched = useWarmCompute();

let scratch: string;
let dataset: string;
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'layersense-measure-'));
  dataset = join(scratch, 'examples.jsonl');
  writeFileSync(dataset, rows.map((row) => JSON.stringify(row)).join('\n'));
});
afterAll(() => rmSync(scratch, { recursive: true }));

const rows = [9, 21, 14, 6].map((length, n) => ({
  input_ids: Array.from({ length }, (_, t) => (t * t * 5 + t * 11 + n * 17) % 61),
}));

const model = parityCheckpoints().find(({ name }) => name === 'llama-tied')?.folder ?? '';
const UP = 'model.layers.1.mlp.up_proj.weight';
const DOWN = 'model.layers.1.mlp.down_proj.weight';

type Params = Partial<Omit<MeasureParams, 'pairs'>> & { readonly pairs?: object };

const specOf = (params: Params) =>
  JobSpec.parse({
    model,
    method: 'measure',
    dataset,
    device: 'cpu',
    params: { examples: rows.length, batch_size: 2, ...params },
  });

const servicesWith = (services: Partial<JobServices>): JobServices => ({
  allowedRoots: ['/'],
  hub: hubSettingsFromEnvironment({ HF_HUB_OFFLINE: '1', HF_HOME: scratch }),
  report: () => undefined,
  finishedBatches: noFinishedBatches,
  threads: 1,
  compute: watched.warm,
  ...services,
});

async function measure(params: Params, services: Partial<JobServices> = {}): Promise<ScoreReport> {
  const { signal } = new AbortController();
  return await runSensitivityJob(specOf(params), servicesWith(services), signal);
}

/** The finished batches of attempts that end after so many of them. */
class Finished {
  readonly kept: FinishedValues[] = [];

  constructor(private left = Number.POSITIVE_INFINITY) {}

  get batches() {
    return {
      ...noFinishedBatches,
      loadValues: () => Promise.resolve(this.kept),
      appendValues: (_: string, values: FinishedValues) => {
        if (this.left-- === 0) return Promise.reject(new Error('killed'));
        this.kept.push(values);
        return Promise.resolve();
      },
    };
  }
}

const pairs = { formats: ['int3_g32', 'int8_channel'], matrices: ['model.layers.1.mlp.*'] };

describe('measured pairs', () => {
  it('are a score for every matrix, with metrics for every format', async () => {
    const report = await measure({ pairs });
    expect(ScoreReport.parse(report)).toEqual(report);
    const { run, scores } = report;
    expect(run).toMatchObject({ method: 'measure', loss: null, labels: null, plan: 'whole' });
    expect(run.metrics).toEqual(measureMetrics.metricsOf(pairs.formats));
    const shapes = Object.fromEntries(scores.map(({ parameter, shape }) => [parameter, shape]));
    expect(shapes).toEqual({
      'model.layers.1.mlp.gate_proj.weight': [40, 32],
      [UP]: [40, 32],
      [DOWN]: [32, 40],
    });
    // 40 inputs are no whole number of groups.
    const down = scores.find(({ parameter }) => parameter === DOWN);
    expect(down?.values['int3_g32.kl']).toBeNull();
    expect(down?.rank).toBe(3);
    expect(run.definition).toContain('int3_g32 does not fit 1 of the 3 matrices');

    // Numbers are per position over all examples, and not means of the examples' own.
    const targets = run.dataset?.indices.map((row) => (rows[row]?.input_ids.length ?? 0) - 1) ?? [];
    const weighted = (values: readonly number[] = []) =>
      values.reduce((sum, value, i) => sum + value * (targets[i] ?? Number.NaN), 0) /
      targets.reduce((sum, count) => sum + count, 0);
    const up = scores.find(({ parameter }) => parameter === UP);
    expect(up?.per_example).toHaveLength(rows.length);
    expect(up?.values['int3_g32.kl']).toBeCloseTo(weighted(up?.per_example), 12);
    const eight = up?.other_metrics?.['int8_channel.kl'];
    expect(up?.values['int8_channel.kl']).toBeCloseTo(weighted(eight?.per_example), 12);
    expect(eight?.standard_error).toBeGreaterThan(0);
    expect(run.mean_loss).toBeCloseTo(weighted(run.example_losses ?? []), 6);
    expect(up?.values['int8_channel.kl']).toBeLessThan((up?.values['int3_g32.kl'] ?? 0) / 100);
  });

  it('are those of an assignment of that one matrix, in every plan', async () => {
    const { scores } = await measure({ pairs: { ...pairs, matrices: [UP] } });
    const assignments = pairs.formats.map((format) => ({
      name: format,
      weights: { [UP]: format },
    }));
    const streamed = await measure({ assignments, plan: 'streamed' });
    expect(streamed.run.plan).toBe('streamed');
    expect(streamed.scores[0]?.values).toEqual(scores[0]?.values);
    expect(streamed.scores[0]?.per_example).toEqual(scores[0]?.per_example);
    expect(streamed.scores[0]?.other_metrics).toEqual(scores[0]?.other_metrics);
  });

  it('are sampled over all sizes that were predicted', async () => {
    const matrices = ['model.layers.0.self_attn.*'];
    const names = ['q', 'k', 'v', 'o'].map(
      (name) => `model.layers.0.self_attn.${name}_proj.weight`,
    );
    const predicted = Object.fromEntries(
      names.map((name, i) => [name, { int8_channel: 10 ** i, int3_g32: 100 * 10 ** i }]),
    );
    const sampled = { ...pairs, matrices, predicted, sample: 2 };
    const { scores, run } = await measure({ pairs: sampled, examples: 1 });
    const measured = scores.flatMap(({ parameter, values }) =>
      pairs.formats.flatMap((format) =>
        values[`${format}.kl`] === null ? [] : [predicted[parameter]?.[format as 'int3_g32'] ?? 0],
      ),
    );
    expect(measured).toHaveLength(2);
    const [small = 0, large = 0] = measured.toSorted((a, b) => a - b);
    expect(small).toBeLessThanOrEqual(100);
    expect(large).toBeGreaterThanOrEqual(100);
    expect(nonEmpty(scores).every(({ n }) => n === 1)).toBe(true);
    expect(scores[0]?.standard_error).toBeNull();
    expect(run.params).toMatchObject({ pairs: { sample: 2, seed: 42 } });
    const incomplete = { ...sampled, predicted: { [UP]: { int8_channel: 1 } } };
    await expect(measure({ pairs: incomplete })).rejects.toMatchObject({
      code: 'invalid_request',
      message: expect.stringContaining('predicted has nothing for'),
    });
  });
});

describe('measured assignments', () => {
  const assignments = [
    { weights: { '*_proj.weight': 'int8_channel' } },
    { name: 'mixed', weights: { '*_proj.weight': 'int8_channel', [UP]: 'int3_g32' } },
  ];

  it('are metrics of the model as a whole', async () => {
    const { run, scores } = await measure({ assignments });
    expect(run.metrics).toEqual(measureMetrics.metricsOf(['assignment_1', 'mixed']));
    const [score] = scores;
    expect(scores).toHaveLength(1);
    expect(score).toMatchObject({ parameter: '*', layer: '*', shape: [], rank: 1 });
    expect(score?.numel).toBe(run.model.parameters);
    const { values = {} } = score ?? {};
    expect(values['mixed.kl']).toBeGreaterThan(2 * (values['assignment_1.kl'] ?? Number.NaN));
    expect(values['mixed.top1_agreement']).toBeLessThanOrEqual(1);
  });

  it.each([
    [
      { '*.up_proj.weight': 'int3_g32', 'model.layers.1.*': 'int8_channel' },
      'gives model.layers.1.mlp.up_proj.weight two formats',
    ],
    [{ 'model.layers.7.*': 'int8_channel' }, 'model.layers.7.*'],
    [{ 'model.norm.weight': 'int8_channel' }, 'which is no matrix'],
    [{ '*.down_proj.weight': 'int4_g32' }, 'model.layers.0.mlp.down_proj.weight: int4_g32'],
    [{ [UP]: 'int7_g32' }, 'int7_g32'],
  ])('are refused where they cannot be meant: %j', async (weights, message) => {
    await expect(measure({ assignments: [{ weights }] })).rejects.toThrow(message);
  });

  it.each<[Params, string]>([
    [{}, 'either assignments or pairs'],
    [{ assignments, pairs }, 'either assignments or pairs'],
    [{ assignments: [...assignments, ...assignments] }, 'must not repeat a name'],
    [{ assignments, held_out: 'required' }, 'needs calibration_run'],
    [{ assignments: [{ name: 'Mixed', weights: { [UP]: 'bf16' } }] }, 'lower-case letters'],
  ])('are refused by the schema: %#', (params, message) => {
    expect(() => specOf(params)).toThrow(message);
  });
});

describe('examples of a calibration run', () => {
  it('are counted, and refused where all must be held out', async () => {
    const of = { pairs: { formats: ['int8_channel'], matrices: [UP] } };
    const { run } = await measure({ ...of, examples: 3 });
    const findRun = (id: string) => Promise.resolve(id === run.id ? run : undefined);
    const calibration = { ...of, calibration_run: run.id };
    const recorded = await measure(calibration, { findRun });
    expect(recorded.run.definition).toContain(
      `3 of the 4 examples are among those of the calibration run ${run.id}`,
    );
    const required = { ...calibration, held_out: 'required' as const };
    await expect(measure(required, { findRun })).rejects.toMatchObject({ code: 'runs_overlap' });
    const others = await measure({ ...required, examples: 1, skip_examples: 3 }, { findRun });
    expect(others.run.definition).toContain('0 of the 1 examples');
    await expect(
      measure({ ...calibration, calibration_run: 'run_x' }, { findRun }),
    ).rejects.toThrow('no run run_x');
    const unknown = { ...run, dataset: null };
    await expect(
      measure(calibration, { findRun: () => Promise.resolve(unknown) }),
    ).rejects.toMatchObject({ code: 'runs_incompatible' });
  });
});

describe('a job that measures', () => {
  const numbers = ({ run, scores }: ScoreReport) => ({
    identity: run.identity,
    losses: run.example_losses,
    scores,
  });

  it.each(['whole', 'streamed'] as const)('goes on after a kill, by the %s plan', async (plan) => {
    const undisturbed = await measure({ pairs, plan });
    const finished = new Finished(4);
    await expect(measure({ pairs, plan }, { finishedBatches: finished.batches })).rejects.toThrow(
      'killed',
    );
    expect(finished.kept).toHaveLength(4);
    const rest = new Finished();
    rest.kept.push(...finished.kept);
    const resumed = await measure({ pairs, plan }, { finishedBatches: rest.batches });
    expect(numbers(resumed)).toEqual(numbers(undisturbed));
    // Five pairs that fit, on two batches each.
    expect(rest.kept).toHaveLength(10);
  });

  it('is divided into shards, whose values are those of the whole', async () => {
    const finished = new Finished();
    const services = servicesWith({ finishedBatches: finished.batches });
    const { signal } = new AbortController();
    for (const index of [0, 1]) {
      const shard = await runShard(specOf({ pairs }), { index, of: 2 }, services, signal);
      expect(shard).toMatchObject({ facts: { device: 'cpu', plan: 'whole' } });
    }
    expect(finished.kept).toHaveLength(10);
    const none = new Finished(0);
    none.kept.push(...finished.kept);
    const joint = await measure({ pairs }, { finishedBatches: none.batches });
    expect(numbers(joint)).toEqual(numbers(await measure({ pairs })));
  });
});

describe('an ONNX file', () => {
  const jobs = new OnnxJobs();
  const config = { model_type: 'qwen3', architectures: ['Qwen3ForCausalLM'] };

  it('has the damage that other exports of the model have, however its weights are stored', async () => {
    const exports = ['dynamo-20.onnx', 'dynamo-23.onnx', 'torchscript-17.onnx'];
    const values = [];
    for (const file of exports) {
      const folder = jobs.folder(`measured-${file}`, { 'model.onnx': `qwen3/${file}` }, config);
      const matrices = ['model.layers.0.*'];
      const params = { pairs: { formats: ['int4_channel'], matrices }, examples: 2 };
      const { scores } = await jobs.score(folder, {
        method: 'measure',
        dataset: jobs.dataset(`${file}.jsonl`, rows),
        params,
      });
      const byName = scores.toSorted((a, b) => (a.parameter < b.parameter ? -1 : 1));
      values.push({
        names: byName.map(({ parameter }) => parameter),
        kl: byName.map(({ values: each }) => each['int4_channel.kl'] ?? Number.NaN),
      });
    }
    const [first, ...others] = nonEmpty(values);
    expect(first.names.length).toBe(7);
    for (const { names, kl } of nonEmpty(others)) {
      expect(names).toEqual(first.names);
      expect(largestRelativeError(kl, first.kl)).toBeLessThan(1e-2);
    }
  });
});
