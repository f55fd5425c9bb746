import { readFile } from 'node:fs/promises';
import { encodeModel, GraphBuilder, int } from '@layersense/onnx-ir';
import { type ComputeProcess, startComputeProcess } from '@layersense/runtime';
import { confidenceInterval, moments, topKStability } from '@layersense/statistics';
import { nonEmpty } from '@layersense/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildSensitivityGraph } from './build-sensitivity-graph.js';
import type { NormPath } from './per-example/statistic-context.js';

const maths = await readFile(new URL('../../../docs/maths.md', import.meta.url), 'utf8');
const section = /^## A worked example\n(.*?)^## /ms.exec(maths)?.[1] ?? '';
const [perExample = '', statistics = '', marginals = ''] = [
  ...section.matchAll(/^```\n(.*?)^```/gms),
].map(([, table = '']) => table);

/** The numbers of a table's row as they are written. */
function row(table: string, name: string): readonly string[] {
  const line = table.split('\n').find((each) => each.startsWith(`${name}  `));
  return line?.slice(name.length).trim().split(/ +/) ?? [];
}

/** Expects a value that is equal to the last digit that is written. */
function expectWritten(written: string | undefined, value: number | null | undefined): void {
  const digits = written?.split('.')[1]?.length ?? Number.NaN;
  expect(value?.toFixed(digits)).toBe(Number(written).toFixed(digits));
}

const LENGTH = 3;
const VOCABULARY = 3;
const examples = [
  [0, 1, 2],
  [1, 1, 0],
];

let compute: ComputeProcess;
beforeAll(async () => {
  compute = await startComputeProcess();
});
afterAll(() => compute.close());

/**
 * Loss, ‖g(W)‖² and ‖g(E)‖² of every example, for these tokens and next tokens, and marginals by their names
 * in the table.
 */
async function computed(tokens: readonly number[][], labels: readonly number[][], path: NormPath) {
  const batch = tokens.length;
  const g = new GraphBuilder('worked');
  const embedding = g.input('E', 'float64', [VOCABULARY, 2]);
  const head = g.input('W', 'float64', [VOCABULARY, 2]);
  const ids = g.input('input_ids', 'int64', [batch, LENGTH]);
  const looked = g.reshape(g.op('Gather', [embedding, ids]), [batch * LENGTH, 2]);
  const logits = g.op('Gemm', [looked, head], { transB: int(1) });
  const model = { builder: g, shape: { batch, length: LENGTH }, logits, parameters: ['E', 'W'] };
  const sensitivity = buildSensitivityGraph(model, { labels: 'data', path, marginals: true });
  const session = await compute.openSession(encodeModel(sensitivity.graph), { device: 'cpu' });
  const rows = batch * LENGTH;
  const float64 = (shape: number[], data: number[]) =>
    ({ dtype: 'float64', shape, data: Float64Array.from(data) }) as const;
  const int64 = (shape: number[], data: number[]) =>
    ({ dtype: 'int64', shape, data: BigInt64Array.from(data, BigInt) }) as const;
  const { outputs } = await session.run({
    E: float64([VOCABULARY, 2], [1, 0, 1, 1, 0, 1]),
    W: float64([VOCABULARY, 2], [0, 0, Math.LN2, 0, 0, Math.LN2]),
    input_ids: int64([batch, LENGTH], tokens.flat()),
    labels: int64(
      [rows],
      labels.flatMap((each) => [...each, 0]),
    ),
    loss_weights: float64(
      [rows],
      tokens.flatMap(() => [0.5, 0.5, 0]),
    ),
  });
  await session.release();
  const vector = (name: string) => Float64Array.from((outputs[name]?.data ?? []) as Float64Array);
  const norm = (name: string) =>
    vector(sensitivity.parameters.find((parameter) => parameter.name === name)?.output ?? '');
  const sums = sensitivity.marginals.flatMap(({ name, byOutput, byInput }) => [
    [`${name}, by output`, overExamples(vector(byOutput), batch)] as const,
    [`${name}, by input`, overExamples(vector(byInput), batch)] as const,
  ]);
  return {
    loss: vector(sensitivity.lossOutput),
    W: norm('W'),
    E: norm('E'),
    marginals: new Map(sums),
  };
}

function overExamples(values: Float64Array, examplesInBatch: number): readonly number[] {
  const width = values.length / examplesInBatch;
  return Array.from({ length: width }, (_, i) =>
    values.filter((_, at) => at % width === i).reduce((sum, value) => sum + value, 0),
  );
}

const ofData = (path: NormPath) =>
  computed(
    examples,
    examples.map((tokens) => tokens.slice(1)),
    path,
  );

describe('the worked example of docs/maths.md', () => {
  it.each(['gram', 'explicit'] as const)('has the numbers of each example (%s)', async (path) => {
    const values = await ofData(path);
    for (const name of ['loss', 'W', 'E'] as const) {
      const written = row(perExample, name);
      expect(written, name).toHaveLength(2);
      for (const [n, number] of nonEmpty(written.entries())) expectWritten(number, values[name][n]);
    }
  });

  it.each(['gram', 'explicit'] as const)('has the marginals (%s)', async (path) => {
    const { marginals: sums } = await ofData(path);
    expect([...sums.keys()]).toHaveLength(4);
    for (const [name, values] of nonEmpty(sums)) {
      const written = row(marginals, name);
      expect(written, name).toHaveLength(values.length);
      for (const [i, value] of nonEmpty(values.entries())) expectWritten(written[i], value);
    }
  });

  it('has the expectation over the labels, by enumerating them', async () => {
    const probabilities = [
      [
        [1 / 4, 1 / 2, 1 / 4],
        [1 / 5, 2 / 5, 2 / 5],
      ],
      [
        [1 / 5, 2 / 5, 2 / 5],
        [1 / 5, 2 / 5, 2 / 5],
      ],
    ];
    const written = row(perExample, 'W, expected over labels');
    for (const [n, tokens] of examples.entries()) {
      const pairs = Array.from({ length: 9 }, (_, i) => [Math.floor(i / 3), i % 3]);
      const { W } = await computed(
        pairs.map(() => tokens),
        pairs,
        'gram',
      );
      const expected = pairs.reduce((sum, [first = 0, second = 0], i) => {
        const [p1, p2] = probabilities[n] ?? [];
        return sum + (p1?.[first] ?? 0) * (p2?.[second] ?? 0) * (W[i] ?? Number.NaN);
      }, 0);
      expectWritten(written[n], expected);
    }
  });

  it('has the statistics', async () => {
    const values = await ofData('gram');
    for (const name of ['W', 'E'] as const) {
      const { n, mean, variance, standardError } = moments(values[name]);
      const [low, high] = confidenceInterval(mean, standardError, n) ?? [];
      const expected = [mean, mean / (VOCABULARY * 2), variance, standardError, low, high];
      const written = row(statistics, name);
      expect(written).toHaveLength(expected.length);
      for (const [i, number] of nonEmpty(written.entries())) expectWritten(number, expected[i]);
    }
    expect(topKStability([values.W, values.E], { k: 1, seed: 42 }).probability).toBe(1);
  });
});
