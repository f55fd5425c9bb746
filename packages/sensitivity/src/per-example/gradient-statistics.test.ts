import { partName } from '@layersense/contracts';
import { encodeModel, GraphBuilder } from '@layersense/onnx-ir';
import { type ComputeProcess, startComputeProcess } from '@layersense/runtime';
import { nonEmpty } from '@layersense/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildSensitivityGraph } from '../build-sensitivity-graph.js';
import {
  type Example,
  examples,
  type Parameters,
  parameterShapes,
  parts,
  toyFeeds,
  toyModel,
  weights,
} from '../test-support/toy-model.js';
import { findParameterUses } from './parameter-uses.js';
import type { ParameterPart } from './part-statistics.js';
import type { NormPath } from './statistic-context.js';

/** Whether element `i` of a parameter belongs to a part of it. */
function isIn({ axis, start, end }: ParameterPart, shape: readonly number[], i: number): boolean {
  const [, columns = 1] = shape;
  const index = axis === 1 ? i % columns : Math.floor(i / columns);
  return start <= index && index < end;
}

let compute: ComputeProcess;
beforeAll(async () => {
  compute = await startComputeProcess();
});
afterAll(() => compute.close());

interface Result {
  readonly losses: readonly number[];
  readonly norms: Readonly<Record<string, readonly number[]>>;
}

/** Opens the toy model for one batch, padded to `length`. */
async function open(batch: readonly Example[], length: number, path: NormPath, head?: string) {
  const model = toyModel(batch.length, length, { head });
  const sensitivity = buildSensitivityGraph(model, { labels: 'data', path });
  const session = await compute.openSession(encodeModel(sensitivity.graph), { device: 'cpu' });
  const run = async (parameters: Parameters): Promise<Result> => {
    const { outputs } = await session.run(toyFeeds(batch, length, parameters));
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

describe('the squared norm of a gradient', () => {
  it.each(['gram', 'explicit'] as const)('equals finite differences (%s)', async (path) => {
    const { run, release } = await open(examples, 8, path);
    const base = weights();
    const { norms } = await run(base);
    const epsilon = 1e-5;
    const sumsOfParts: (readonly [string, readonly number[]])[] = [];
    for (const [name, values] of nonEmpty(Object.entries(base))) {
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
      sumsOfParts.push(
        ...ofParts.map(({ part, sum }) => [partName(name, part.name), sum] as const),
      );
    }
    for (const [of, sum] of nonEmpty(sumsOfParts)) expectRatiosOfOne(norms[of] ?? [], sum, 6, of);
    await release();
  });

  it('is the same by Gram products and by explicit gradients', async () => {
    const gram = await normsOf(examples, 8, 'gram');
    const explicit = await normsOf(examples, 8, 'explicit');
    for (const name of nonEmpty(Object.keys(parameterShapes))) {
      expectRatiosOfOne(gram.norms[name] ?? [], explicit.norms[name] ?? [], 12, name);
    }
  });

  it('does not depend on batch size, order or padding', async () => {
    const together = await normsOf(examples, 8, 'gram');
    const reversed = await normsOf(examples.toReversed(), 13, 'gram');
    for (const [n, example] of nonEmpty(examples.entries())) {
      const alone = await normsOf([example], example.tokens.length, 'gram');
      for (const name of nonEmpty(Object.keys(parameterShapes))) {
        const expected = alone.norms[name] ?? [];
        expectRatiosOfOne([together.norms[name]?.[n] ?? Number.NaN], expected, 12, name);
        expectRatiosOfOne([reversed.norms[name]?.at(-1 - n) ?? Number.NaN], expected, 12, name);
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
    for (const [n, norm] of nonEmpty((tied.norms.embedding ?? []).entries())) {
      const [used, head] = [apart.norms.embedding?.[n], apart.norms.head?.[n]];
      const naive = (used ?? Number.NaN) + (head ?? Number.NaN);
      expect(Math.abs(norm - naive) / norm).toBeGreaterThan(1e-3);
    }
  });
});

describe('findParameterUses', () => {
  it('refuses a parameter whose output all examples share', () => {
    const g = new GraphBuilder('shared');
    const table = g.input('table', 'float64', [4, 5]);
    const rows = g.op('Tanh', [g.op('Gather', [table, g.int64([0, 1, 2, 3])])]);
    g.add(g.input('x', 'float64', [2, 4, 5]), rows);
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
  for (const [n, value] of nonEmpty(actual.entries())) {
    expect(value / (expected[n] ?? Number.NaN), `${what}, example ${n}`).toBeCloseTo(1, digits);
  }
}
