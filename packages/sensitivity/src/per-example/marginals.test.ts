import { partName } from '@layersense/contracts';
import { encodeModel, GraphBuilder, int } from '@layersense/onnx-ir';
import { type ComputeProcess, startComputeProcess } from '@layersense/runtime';
import { largest, nonEmpty } from '@layersense/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  buildSensitivityGraph,
  type DifferentiableModel,
  type SensitivityOptions,
} from '../build-sensitivity-graph.js';
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
import type { NormPath } from './statistic-context.js';

let compute: ComputeProcess;
beforeAll(async () => {
  compute = await startComputeProcess();
});
afterAll(() => compute.close());

/** Σ g² by output and by input of a matrix, one list per example. */
interface Marginals {
  readonly byOutput: readonly (readonly number[])[];
  readonly byInput: readonly (readonly number[])[];
}

interface Found {
  readonly norms: ReadonlyMap<string, readonly number[]>;
  readonly marginals: ReadonlyMap<string, Marginals>;
}

type Options = Omit<SensitivityOptions, 'labels' | 'marginals'>;

async function open(model: DifferentiableModel, options: Options) {
  const sensitivity = buildSensitivityGraph(model, { labels: 'data', marginals: true, ...options });
  const session = await compute.openSession(encodeModel(sensitivity.graph), { device: 'cpu' });
  return { sensitivity, session };
}

/** The marginals of one batch of the toy model, padded to `length`. */
async function found(
  options: Options,
  batch: readonly Example[] = examples,
  length = 8,
  stored?: Parameters,
): Promise<Found> {
  const model = toyModel(batch.length, length, { stored });
  const { sensitivity, session } = await open(model, options);
  const { outputs } = await session.run(toyFeeds(batch, length, stored ? {} : weights()));
  await session.release();
  const byExample = (name: string, width: number) => {
    const data = Array.from((outputs[name]?.data ?? []) as Float64Array);
    expect(data).toHaveLength(batch.length * width);
    return batch.map((_, n) => data.slice(n * width, (n + 1) * width));
  };
  return {
    norms: new Map(
      sensitivity.parameters.map(({ name, output }) => [name, byExample(output, 1).flat()]),
    ),
    marginals: new Map(
      sensitivity.marginals.map(({ name, byOutput, outputs: o, byInput, inputs }) => [
        name,
        { byOutput: byExample(byOutput, o), byInput: byExample(byInput, inputs) },
      ]),
    ),
  };
}

/** The matrices by name, with the axis of their outputs; a packed one is there as its parts. */
const matrices = [
  { name: 'embedding', outputs: 0 },
  { name: 'positions', outputs: 0 },
  ...['low', 'high'].map((part) => ({ name: partName('projection', part), outputs: 0 })),
  ...['low', 'high'].map((part) => ({ name: partName('back', part), outputs: 1 })),
];

/** The sums of squares of gradients that central differences give, of all matrices and parts. */
async function byDifferences(): Promise<ReadonlyMap<string, Marginals>> {
  const { sensitivity, session } = await open(toyModel(examples.length, 8), {});
  const lossesAt = async (parameters: Parameters) => {
    const { outputs } = await session.run(toyFeeds(examples, 8, parameters));
    return outputs[sensitivity.lossOutput]?.data as Float64Array;
  };
  const [base, epsilon] = [weights(), 1e-5];
  const gradients = new Map<string, readonly Float64Array[]>();
  for (const name of new Set(matrices.map((each) => each.name.replace(/\[.*/, '')))) {
    const values = base[name] ?? new Float64Array();
    const ofExamples = examples.map(() => new Float64Array(values.length));
    for (const [i, value] of values.entries()) {
      const stepped = (step: number) => lossesAt({ ...base, [name]: values.with(i, value + step) });
      const [up, down] = [await stepped(epsilon), await stepped(-epsilon)];
      ofExamples.forEach((gradient, n) => {
        gradient[i] = ((up[n] ?? 0) - (down[n] ?? 0)) / (2 * epsilon);
      });
    }
    gradients.set(name, ofExamples);
  }
  await session.release();
  return new Map(
    matrices.map(({ name, outputs }) => {
      const [whole = '', partOf] = name.split(/[[\]]/);
      const part = parts.get(whole)?.find((each) => each.name === partOf);
      const sums = (gradients.get(whole) ?? []).map((gradient) =>
        sumsOfSquares(gradient, parameterShapes[whole] ?? [], part),
      );
      const [ofOutputs, ofInputs] =
        outputs === 0 ? (['rows', 'columns'] as const) : (['columns', 'rows'] as const);
      return [
        name,
        {
          byOutput: sums.map((each) => each[ofOutputs]),
          byInput: sums.map((each) => each[ofInputs]),
        },
      ];
    }),
  );
}

function sumsOfSquares(
  gradient: Float64Array,
  [rows = 0, columns = 0]: readonly number[],
  part = { axis: 0, start: 0, end: rows },
) {
  const within = (axis: number, index: number) =>
    axis !== part.axis || (part.start <= index && index < part.end);
  const square = (row: number, column: number) => (gradient[row * columns + column] ?? 0) ** 2;
  const all = (axis: number, count: number) =>
    [...Array(count).keys()].filter((index) => within(axis, index));
  const [ofRows, ofColumns] = [all(0, rows), all(1, columns)];
  const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
  return {
    rows: ofRows.map((row) => sum(ofColumns.map((column) => square(row, column)))),
    columns: ofColumns.map((column) => sum(ofRows.map((row) => square(row, column)))),
  };
}

/** Differences as a share of the largest value of an example: a marginal may be zero. */
function expectEqual(
  actual: ReadonlyMap<string, Marginals>,
  expected: ReadonlyMap<string, Marginals>,
  tolerance: number,
): void {
  expect([...actual.keys()]).toEqual([...expected.keys()]);
  for (const [name, marginals] of nonEmpty(expected)) {
    for (const over of ['byOutput', 'byInput'] as const) {
      for (const [n, values] of nonEmpty(marginals[over].entries())) {
        const others = actual.get(name)?.[over][n] ?? [];
        expect(others).toHaveLength(values.length);
        const errors = values.map((value, i) => Math.abs((others[i] ?? Number.NaN) - value));
        const error = largest(errors) / (largest(values) || 1);
        expect(error, `${name} ${over} of example ${n}`).toBeLessThan(tolerance);
      }
    }
  }
}

describe('marginals', () => {
  it('equal finite differences, whichever way they are made', async () => {
    const differences = await byDifferences();
    for (const path of ['gram', 'explicit'] as const) {
      expectEqual((await found({ path })).marginals, differences, 1e-7);
    }
  });

  it.each([
    ['Gram products', { path: 'gram' }, 0],
    ['a head in two chunks', { path: 'gram', chunkElements: 24 * 6 }, 2],
    ['a head in three chunks', { path: 'gram', chunkElements: 24 * 3 }, 3],
    ['what is cheaper', { path: 'auto' }, 0],
  ] as const)('are those of explicit gradients by %s', async (_, options, chunks) => {
    const explicit = await found({ path: 'explicit' }, examples, 8, weights());
    const { marginals } = await found(options, examples, 8, weights());
    expectEqual(marginals, explicit.marginals, 1e-12);
    const model = toyModel(examples.length, 8, { stored: weights() });
    const { graph } = buildSensitivityGraph(model, { labels: 'data', ...options });
    const slices = [...graph.initializers.keys()].filter((name) => name.startsWith('embedding['));
    expect(slices).toHaveLength(chunks);
  });

  it.each([{ path: 'gram' }, { path: 'explicit' }, { path: 'gram', chunkElements: 72 }] as const)(
    'add up to the squared norm either way: %o',
    async (options) => {
      const { norms, marginals } = await found(options, examples, 8, weights());
      for (const { name } of matrices) {
        const { byOutput = [], byInput = [] } = marginals.get(name) ?? {};
        for (const sums of [byOutput, byInput]) {
          for (const [n, values] of nonEmpty(sums.entries())) {
            const total = values.reduce((a, b) => a + b, 0);
            expect(total / (norms.get(name)?.[n] ?? Number.NaN), name).toBeCloseTo(1, 12);
          }
        }
      }
    },
  );

  it('do not depend on batch size, order or padding', async () => {
    const { marginals: together } = await found({}, examples.toReversed(), 13);
    for (const [n, example] of nonEmpty(examples.entries())) {
      const { marginals: alone } = await found({}, [example], example.tokens.length);
      const here = [...together].map(([name, { byOutput, byInput }]) => {
        const own = (sums: Marginals['byOutput']) => [sums.at(-1 - n) ?? []];
        return [name, { byOutput: own(byOutput), byInput: own(byInput) }] as const;
      });
      expectEqual(new Map(here), alone, 1e-12);
    }
  });

  it('leave every norm and node of a graph without them as it was', () => {
    const build = (marginals?: boolean) =>
      encodeModel(buildSensitivityGraph(toyModel(2, 4), { labels: 'data', marginals }).graph);
    expect(build(false)).toEqual(build());
    expect(build(true)).not.toEqual(build());
  });
});

describe('a square matrix that is used with its transpose', () => {
  const turnedModel = (): DifferentiableModel => {
    const g = new GraphBuilder('turned');
    const w = g.input('w', 'float64', [3, 3]);
    const x = g.reshape(g.input('x', 'float64', [2, 4, 3]), [8, 3]);
    const logits = g.op('Gemm', [g.op('Tanh', [g.matMul(x, w)]), w], { transB: int(1) });
    return { builder: g, shape: { batch: 2, length: 4 }, logits, parameters: ['w'] };
  };

  const normsBy = async (path: NormPath) => {
    const { graph, parameters } = buildSensitivityGraph(turnedModel(), { labels: 'data', path });
    const session = await compute.openSession(encodeModel(graph), { device: 'cpu' });
    const sines = (count: number) =>
      Float64Array.from({ length: count }, (_, i) => Math.sin(3 * i));
    const { outputs } = await session.run({
      w: { dtype: 'float64', shape: [3, 3], data: sines(9) },
      x: { dtype: 'float64', shape: [2, 4, 3], data: sines(24) },
      labels: { dtype: 'int64', shape: [8], data: new BigInt64Array(8).fill(1n) },
      loss_weights: { dtype: 'float64', shape: [8], data: new Float64Array(8).fill(1) },
    });
    await session.release();
    return [...(outputs[parameters[0]?.output ?? '']?.data ?? [])].map(Number);
  };

  it('has the norm of its one gradient', async () => {
    const [first = 0, second = 0] = await normsBy('explicit');
    const gram = await normsBy('gram');
    expect(gram).toEqual([expect.closeTo(first, 12), expect.closeTo(second, 12)]);
    expect(first).toBeGreaterThan(0.1);
  });

  it('has no marginals, and says so', () => {
    expect(() => buildSensitivityGraph(turnedModel(), { labels: 'data', marginals: true })).toThrow(
      expect.objectContaining({ code: 'unsupported_operator', context: { parameter: 'w' } }),
    );
  });
});
