import { partName } from '@layersense/contracts';
import { encodeModel, GraphBuilder, int, type Value } from '@layersense/onnx-ir';
import { type ComputeProcess, startComputeProcess, type Tensors } from '@layersense/runtime';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildSensitivityGraph } from '../build-sensitivity-graph.js';
import type { NormPath } from './gradient-squared-norm.js';
import { findParameterUses } from './parameter-uses.js';
import type { ParameterPart } from './part-norms.js';

const VOCABULARY = 7;
const WIDTH = 5;
const HIDDEN = 6;
const HEAD = 2;
const POSITIONS = 13;

const parameterShapes: Record<string, readonly number[]> = {
  embedding: [VOCABULARY, WIDTH],
  positions: [POSITIONS, WIDTH],
  scale: [WIDTH],
  shifted: [WIDTH],
  head_scale: [HEAD],
  projection: [HIDDEN, WIDTH],
  bias: [HIDDEN],
  back: [HIDDEN, WIDTH],
};

/** The halves of two matrices and a bias, along the axis of their outputs. */
const parts: ReadonlyMap<string, readonly ParameterPart[]> = new Map([
  ['projection', halves(0, 2, HIDDEN)],
  ['bias', halves(0, 2, HIDDEN)],
  ['back', halves(1, 3, WIDTH)],
]);

function halves(axis: number, middle: number, end: number): readonly ParameterPart[] {
  return [
    { name: 'low', axis, start: 0, end: middle },
    { name: 'high', axis, start: middle, end },
  ];
}

/** Whether element `i` of a parameter belongs to a part of it. */
function isIn({ axis, start, end }: ParameterPart, shape: readonly number[], i: number): boolean {
  const [, columns = 1] = shape;
  const index = axis === 1 ? i % columns : Math.floor(i / columns);
  return start <= index && index < end;
}

interface Example {
  readonly tokens: readonly number[];
}

/**
 * A model with every kind of use, its parameters being inputs so that they can be perturbed.
 * `head` names the parameter of the output head: the embedding itself where they are tied.
 */
function toyModel(batch: number, length: number, head = 'embedding') {
  const g = new GraphBuilder('toy');
  const parameter = Object.fromEntries(
    Object.entries(parameterShapes).map(([name, shape]) => [name, g.input(name, 'float64', shape)]),
  );
  const of = (name: string): Value =>
    parameter[name] ?? g.input(name, 'float64', [VOCABULARY, WIDTH]);
  const [embedding, scale, projection] = [of('embedding'), of('scale'), of('projection')];
  const [bias, back] = [of('bias'), of('back')];
  const ids = g.input('input_ids', 'int64', [batch, length]);
  // The rows of the table of positions are the same for every example.
  const places = g.op('Gather', [of('positions'), g.int64([...Array(length).keys()])]);
  const placed = g.add(g.op('Gather', [embedding, ids]), places);
  const rows = g.reshape(placed, [batch * length, WIDTH]);
  const scaled = g.mul(g.mul(rows, scale), g.add(g.scalar(1, 'float64'), of('shifted')));
  const projected = g.op('Gemm', [scaled, projection, bias], { transB: int(1) });
  const heads = g.mul(g.reshape(projected, [batch, length, HIDDEN / HEAD, HEAD]), of('head_scale'));
  const hidden = g.op('Tanh', [g.reshape(heads, [batch * length, HIDDEN])]);
  const returned = g.matMul(hidden, back);
  // The projection a second time, and the embedding as the output head: both are tied weights.
  const again = g.op('Gemm', [g.op('Tanh', [returned]), projection], { transB: int(1) });
  const mixed = g.add(returned, g.matMul(g.op('Tanh', [again]), back));
  const logits = g.op('Gemm', [mixed, of(head)], { transB: int(1) });
  const parameters = [...new Set([...Object.keys(parameterShapes), head])];
  return { builder: g, shape: { batch, length }, logits, parameters, parts };
}

let compute: ComputeProcess;
beforeAll(async () => {
  compute = await startComputeProcess();
});
afterAll(() => compute.close());

function weights(): Record<string, Float64Array> {
  let state = 12345;
  const next = () => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return (state >>> 8) / 2 ** 24 - 0.5;
  };
  return Object.fromEntries(
    Object.entries(parameterShapes).map(([name, shape]) => [
      name,
      Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => 1.5 * next()),
    ]),
  );
}

type Parameters = Record<string, Float64Array>;

interface Result {
  readonly losses: readonly number[];
  readonly norms: Readonly<Record<string, readonly number[]>>;
}

/** Opens the toy model for one batch, padded to `length`. */
async function open(batch: readonly Example[], length: number, path: NormPath, head?: string) {
  const model = toyModel(batch.length, length, head);
  const sensitivity = buildSensitivityGraph(model, { labels: 'data', path });
  const session = await compute.openSession(encodeModel(sensitivity.graph), { device: 'cpu' });
  const run = async (parameters: Parameters): Promise<Result> => {
    const { outputs } = await session.run({ ...feeds(batch, length), ...tensors(parameters) });
    const vector = (name: string) => Array.from((outputs[name]?.data ?? []) as Float64Array);
    return {
      losses: vector(sensitivity.lossOutput),
      norms: Object.fromEntries(sensitivity.parameters.map((p) => [p.name, vector(p.output)])),
    };
  };
  return { run, release: () => session.release() };
}

/** Losses and squared norms by example of one batch. */
async function normsOf(batch: readonly Example[], length: number, path: NormPath): Promise<Result> {
  const { run, release } = await open(batch, length, path);
  const result = await run(weights());
  await release();
  return result;
}

function tensors(parameters: Record<string, Float64Array>): Tensors {
  return Object.fromEntries(
    Object.entries(parameters).map(([name, data]) => [
      name,
      { dtype: 'float64', shape: parameterShapes[name] ?? [VOCABULARY, WIDTH], data } as const,
    ]),
  );
}

function feeds(examples: readonly Example[], length: number): Tensors {
  const rows = examples.length * length;
  const ids = new BigInt64Array(rows);
  const labels = new BigInt64Array(rows);
  const lossWeights = new Float64Array(rows);
  examples.forEach(({ tokens }, row) => {
    tokens.forEach((token, t) => {
      ids[row * length + t] = BigInt(token);
      const next = tokens[t + 1];
      if (next === undefined) return;
      labels[row * length + t] = BigInt(next);
      lossWeights[row * length + t] = 1 / (tokens.length - 1);
    });
  });
  return {
    input_ids: { dtype: 'int64', shape: [examples.length, length], data: ids },
    labels: { dtype: 'int64', shape: [rows], data: labels },
    loss_weights: { dtype: 'float64', shape: [rows], data: lossWeights },
  };
}

const examples: readonly Example[] = [
  { tokens: [1, 2] },
  { tokens: [3, 3, 3, 5, 3, 0] },
  { tokens: [6, 0, 2, 4, 1, 5, 2, 6] },
];

describe('gradientSquaredNorm', () => {
  it.each(['gram', 'explicit'] as const)('equals finite differences (%s)', async (path) => {
    const { run, release } = await open(examples, 8, path);
    const base = weights();
    const { norms } = await run(base);
    const epsilon = 1e-5;
    for (const [name, values] of Object.entries(base)) {
      const shape = parameterShapes[name] ?? [];
      const squared = examples.map(() => 0);
      const ofParts = (parts.get(name) ?? []).map((part) => ({ part, sum: examples.map(() => 0) }));
      for (let i = 0; i < values.length; i++) {
        const lossesAt = async (step: number) =>
          (await run({ ...base, [name]: values.with(i, (values[i] ?? 0) + step) })).losses;
        const [up, down] = [await lossesAt(epsilon), await lossesAt(-epsilon)];
        const touched = ofParts.filter(({ part }) => isIn(part, shape, i));
        for (const sum of [squared, ...touched.map((each) => each.sum)]) {
          sum.forEach((before, n) => {
            sum[n] = before + (((up[n] ?? 0) - (down[n] ?? 0)) / (2 * epsilon)) ** 2;
          });
        }
      }
      expectRatiosOfOne(norms[name] ?? [], squared, 6, name);
      for (const { part, sum } of ofParts) {
        const of = partName(name, part.name);
        expectRatiosOfOne(norms[of] ?? [], sum, 6, of);
      }
    }
    await release();
  });

  it('is the same by Gram products and by explicit gradients', async () => {
    const gram = await normsOf(examples, 8, 'gram');
    const explicit = await normsOf(examples, 8, 'explicit');
    for (const name of Object.keys(parameterShapes)) {
      expectRatiosOfOne(gram.norms[name] ?? [], explicit.norms[name] ?? [], 12, name);
    }
  });

  it('does not depend on batch size, order or padding', async () => {
    const together = await normsOf(examples, 8, 'gram');
    const reversed = await normsOf(examples.toReversed(), 13, 'gram');
    for (const [n, example] of examples.entries()) {
      const alone = await normsOf([example], example.tokens.length, 'gram');
      for (const name of Object.keys(parameterShapes)) {
        const expected = alone.norms[name] ?? [];
        expectRatiosOfOne([together.norms[name]?.[n] ?? 0], expected, 12, name);
        expectRatiosOfOne([reversed.norms[name]?.at(-1 - n) ?? 0], expected, 12, name);
      }
    }
  });

  it('counts a tied weight exactly, where adding the squares of its uses does not', async () => {
    const tied = await normsOf(examples, 8, 'gram');
    // The same function with the head's weight told apart: each use alone gives its own square.
    const { run, release } = await open(examples, 8, 'gram', 'head');
    const base = weights();
    const apart = await run({ ...base, head: base.embedding ?? new Float64Array() });
    await release();
    expectRatiosOfOne(tied.losses, apart.losses, 12, 'loss');
    tied.norms.embedding?.forEach((norm, n) => {
      const naive = (apart.norms.embedding?.[n] ?? 0) + (apart.norms.head?.[n] ?? 0);
      expect(Math.abs(norm - naive) / norm).toBeGreaterThan(1e-3);
    });
  });
});

describe('findParameterUses', () => {
  it('refuses a parameter whose output all examples share', () => {
    const g = new GraphBuilder('shared');
    const table = g.input('table', 'float64', [4, WIDTH]);
    const rows = g.op('Tanh', [g.op('Gather', [table, g.int64([0, 1, 2, 3])])]);
    g.add(g.input('x', 'float64', [2, 4, WIDTH]), rows);
    expect(() => findParameterUses(g, ['table'])).toThrow(
      expect.objectContaining({
        code: 'unsupported_operator',
        message: expect.stringContaining('table in Gather'),
      }),
    );
  });
});

function expectRatiosOfOne(
  actual: readonly number[],
  expected: readonly number[],
  digits: number,
  what: string,
): void {
  expect(actual.length).toBe(expected.length);
  actual.forEach((value, n) => {
    expect(value / (expected[n] ?? Number.NaN), `${what}, example ${n}`).toBeCloseTo(1, digits);
  });
}
