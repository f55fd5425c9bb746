import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isPart, type ScoreReport } from '@layersense/contracts';
import {
  bitsPerWeight,
  dequantisedMatrix,
  type MatrixShape,
  parseFormat,
} from '@layersense/formats';
import { openCheckpoint, readTensor } from '@layersense/model-source';
import { nonEmpty } from '@layersense/testing';
import { describe, expect, it } from 'vitest';
import { CheckpointJobs } from '../../test-support/checkpoint-jobs.js';
import { FormatJobs, scoreOf } from '../../test-support/format-jobs.js';

const fixtures = fileURLToPath(new URL('../../../../testing/fixtures/', import.meta.url));
const checkpoint = (name: string) => join(fixtures, 'checkpoints', name);
const jobs = new FormatJobs();
const made = new CheckpointJobs();

const measure = (
  model: string,
  formats: readonly string[],
  services: Parameters<FormatJobs['run']>[1] = {},
  parameters?: readonly string[],
): Promise<ScoreReport> =>
  jobs.run(
    { method: 'format_error', model, params: { formats, ...(parameters && { parameters }) } },
    services,
  );

/** Rows of outputs as a test of its own reads them. */
interface Matrix {
  readonly values: Float32Array;
  readonly shape: MatrixShape;
}

async function stored(model: string, name: string): Promise<Matrix> {
  const { tensors, weightsFolder } = await openCheckpoint(model);
  const ref = tensors.get(name);
  if (!ref) throw new Error(`${model} has no ${name}`);
  const columns = ref.shape.at(-1) ?? 0;
  const values = Float32Array.from(await readTensor(weightsFolder, ref));
  return { values, shape: [values.length / columns, columns] };
}

function turned({ values, shape: [rows, columns] }: Matrix): Matrix {
  const other = values.map(
    (_, i) => values[(i % rows) * columns + Math.floor(i / rows)] ?? Number.NaN,
  );
  return { values: other, shape: [columns, rows] };
}

/** Everything that is measured of the rows from `start` to `end`, written out. */
function expected(name: string, { values, shape }: Matrix, start = 0, end = shape[0]) {
  const format = parseFormat(name);
  const [from, to] = [start * shape[1], end * shape[1]];
  const rounded = dequantisedMatrix(format, values, shape).subarray(from, to);
  const own = values.subarray(from, to);
  const squares = Array.from(own, (w, i) => ((rounded[i] ?? Number.NaN) - w) ** 2);
  const sum = (all: Iterable<number>) => [...all].reduce((a, b) => a + b, 0);
  const rows = Array.from({ length: end - start }, (_, row) =>
    sum(squares.slice(row * shape[1], (row + 1) * shape[1])),
  );
  const lost = own.filter((w, i) => w !== 0 && rounded[i] === 0).length;
  return {
    squared_error: sum(squares),
    relative_error: Math.sqrt(sum(squares) / sum(Array.from(own, (w) => w ** 2))),
    zero_collapse: lost / own.filter((w) => w !== 0).length,
    largest_channel_error: Math.max(...nonEmpty(rows)),
    bits_per_weight: bitsPerWeight(format, shape),
  };
}

function expectMeasured(
  report: ScoreReport,
  parameter: string,
  format: string,
  values: ReturnType<typeof expected>,
): void {
  const score = scoreOf(report, parameter);
  for (const [metric, value] of nonEmpty(Object.entries(values))) {
    expect(score.values[`${format}.${metric}`], `${parameter} ${format}.${metric}`).toBeCloseTo(
      value,
      12,
    );
  }
}

describe('format_error', () => {
  it('is what the format makes of each matrix, ranked by the first format', async () => {
    const model = checkpoint('llama-tied');
    const report = await measure(model, ['int4_channel', 'int3_channel_asym']);
    const names = ['model.layers.0.mlp.down_proj.weight', 'model.embed_tokens.weight'];
    for (const name of names) {
      const matrix = await stored(model, name);
      expectMeasured(report, name, 'int4_channel', expected('int4_channel', matrix));
      expectMeasured(report, name, 'int3_channel_asym', expected('int3_channel_asym', matrix));
    }
    const byRank = report.scores.toSorted((a, b) => a.rank - b.rank);
    const errors = byRank.map(({ values }) => values['int4_channel.squared_error'] ?? 0);
    expect(errors).toEqual(nonEmpty(errors).toSorted((a, b) => b - a));
    expect(report.run.metrics.slice(0, 2)).toEqual([
      'int4_channel.squared_error',
      'int4_channel.relative_error',
    ]);
    expect(report.run).toMatchObject({ dataset: null, loss: null, method: 'format_error' });
    expect(report.run.definition).toContain('weights are no matrices and have no formats');
  });

  it('runs groups along the inputs, which GPT-2 stores first, and has the parts', async () => {
    const model = checkpoint('gpt2');
    const report = await measure(model, ['int4_g16']);
    const name = 'transformer.h.0.attn.c_attn.weight';
    const matrix = turned(await stored(model, name));
    expect(matrix.shape).toEqual([96, 32]);
    expectMeasured(report, name, 'int4_g16', expected('int4_g16', matrix));
    expectMeasured(report, `${name}[v]`, 'int4_g16', expected('int4_g16', matrix, 64, 96));
    expect(scoreOf(report, `${name}[v]`).shape).toEqual([32, 32]);
  });

  it('takes the matrices of experts one by one, and all of them together', async () => {
    const model = join(fixtures, 'variants/packed-qwen3-moe');
    const report = await measure(model, ['int4_channel']);
    const stack = 'model.layers.0.mlp.experts.gate_up_proj';
    // [3, 12, 12]: of each expert 6 rows of gate and 6 of up.
    const rows = await stored(model, stack);
    const whole = expected('int4_channel', rows);
    expectMeasured(report, stack, 'int4_channel', whole);
    const up = expected('int4_channel', { values: rows.values.subarray(30 * 12), shape: [6, 12] });
    expectMeasured(report, `${stack}[2_up]`, 'int4_channel', up);
    const parts = report.scores.filter(({ parameter }) => parameter.startsWith(`${stack}[`));
    expect(parts).toHaveLength(6);
    expect(parts.every(({ parameter }) => isPart(parameter))).toBe(true);
  });

  it('has no values where a format does not fit, and says where and why', async () => {
    const report = await measure(checkpoint('llama-tied'), ['int4_channel', 'int4_g32']);
    const { values } = scoreOf(report, 'model.layers.0.mlp.down_proj.weight');
    expect(values['int4_g32.squared_error']).toBeNull();
    expect(values['int4_g32.bits_per_weight']).toBeNull();
    expect(values['int4_channel.squared_error']).toBeGreaterThan(0);
    expect(report.run.definition).toMatch(
      /int4_g32 does not fit 2 of the 15 matrices, whose values are null; of model\.layers\.0\.mlp\.down_proj\.weight: int4_g32 has groups of 32 inputs, which do not divide the 40 inputs of \[32, 40\]/,
    );
  });

  it('takes the matrices that are asked for', async () => {
    const report = await measure(checkpoint('llama-tied'), ['int8_channel'], {}, [
      '*.q_proj.weight',
      '*.1.mlp.up_proj.weight',
    ]);
    expect(report.scores.map(({ parameter }) => parameter).sort()).toEqual([
      'model.layers.0.self_attn.q_proj.weight',
      'model.layers.1.mlp.up_proj.weight',
      'model.layers.1.self_attn.q_proj.weight',
    ]);
  });

  it.each([
    [['int4_g7'], undefined, 'format_unknown', 'The group size of int'],
    [['int4_g128'], undefined, 'format_unsuitable', 'int4_g128 fits none of the matrices.'],
    [
      ['int8_channel'],
      ['*.w_proj.*'],
      'invalid_request',
      'No parameter of the model fits "*.w_proj.*"',
    ],
    [
      ['int8_channel'],
      ['*norm.weight'],
      'invalid_request',
      'which is no matrix: vectors have no formats',
    ],
  ])('refuses %j of %j', async (formats, parameters, code, message) => {
    const refused = measure(checkpoint('llama-tied'), formats, {}, parameters);
    await expect(refused).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message),
    });
  });

  it.each([
    ['a weight that is not finite', Number.NaN, 'int8_channel', 'non_finite_weight'],
    ['one that the format cannot hold', 3.4e38, 'bf16', 'format_overflow'],
  ])('names the parameter of %s', async (_, value, format, code) => {
    const parameter = 'model.layers.1.mlp.up_proj.weight';
    const model = await made.changed(checkpoint('llama-tied'), ({ config, tensors }) => {
      for (const { name, data } of tensors) if (name === parameter) data[70] = value;
      return { config, tensors };
    });
    const refused = measure(model, [format]);
    await expect(refused).rejects.toMatchObject({ code, context: { parameter, element: 70 } });
  });

  it('ends where it is when it is canceled', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const spec = {
      method: 'format_error',
      model: checkpoint('llama-tied'),
      params: { formats: ['int8_channel'] },
    };
    const report = ({ done }: { done: number }) =>
      done === 1 ? controller.abort(reason) : undefined;
    await expect(jobs.run(spec, { report }, controller.signal)).rejects.toBe(reason);
  });
});

describe('what was measured before', () => {
  const reused = ({ run }: ScoreReport) =>
    /(\d+) of the (\d+) results were those/.exec(run.definition)?.slice(1).map(Number);
  const values = ({ scores }: ScoreReport) =>
    scores.map((score) => [score.parameter, score.values]);

  it('is not measured again, of a fine-tune what it has not changed', async () => {
    const services = { keptFolder: join(jobs.folder, 'kept') };
    const formats = ['int4_channel', 'int8_channel'];
    const model = checkpoint('llama-tied');
    const first = await measure(model, formats, services);
    expect(reused(first)).toBeUndefined();
    const again = await measure(model, [...formats, 'int2_channel'], services);
    expect(reused(again)).toEqual([30, 45]);
    const tuned = await made.changed(model, ({ config, tensors }) => {
      const changed = tensors.find(({ name }) => name === 'model.layers.0.mlp.down_proj.weight');
      changed?.data.set([0.5], 3);
      return { config, tensors };
    });
    const ofTuned = await measure(tuned, formats, services);
    expect(reused(ofTuned)).toEqual([28, 30]);
    expect(values(ofTuned)).toEqual(values(await measure(tuned, formats)));
  });

  it('is measured again where its file is spoilt', async () => {
    const keptFolder = join(jobs.folder, 'spoilt');
    const first = await measure(checkpoint('gpt2'), ['int4_g16'], { keptFolder });
    const files = await readdir(keptFolder, { recursive: true });
    const texts = nonEmpty(files.filter((name) => name.includes('/')));
    for (const name of texts) await writeFile(join(keptFolder, name), '{"int4_g16"');
    const again = await measure(checkpoint('gpt2'), ['int4_g16'], { keptFolder });
    expect(reused(again)).toBeUndefined();
    expect(values(again)).toEqual(values(first));
  });

  it('is what an interrupted attempt goes on from, where the job has a folder of its own', async () => {
    const spillFolder = () => Promise.resolve(join(jobs.folder, 'job'));
    const controller = new AbortController();
    const spec = {
      method: 'format_error',
      model: checkpoint('llama-tied'),
      params: { formats: ['int8_channel'] },
    };
    const report = ({ done }: { done: number }) =>
      done === 5 ? controller.abort(new Error('killed')) : undefined;
    await expect(jobs.run(spec, { report, spillFolder }, controller.signal)).rejects.toThrow(
      'killed',
    );
    expect(reused(await jobs.run(spec, { spillFolder }))).toEqual([5, 15]);
  });

  it('is told of where nothing can be kept', async () => {
    const file = join(jobs.folder, 'a-file');
    await writeFile(file, '');
    const report = await measure(checkpoint('gpt2'), ['int4_g16'], { keptFolder: file });
    expect(report.run.definition).toContain('nothing could be kept for further runs: ENOTDIR');
  });
});
