import { encodeModel, type Graph, GraphBuilder, int, type Value } from '@layersense/onnx-ir';
import { type ComputeProcess, startComputeProcess, type Tensors } from '@layersense/runtime';
import { largest } from '@layersense/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildDamageGraph } from './damage-graph.js';
import { buildReferenceGraph } from './reference-graph.js';
import { damageOfToken } from './token-damage.js';
import { findVocabularyHead, type VocabularyHead } from './vocabulary-head.js';

let compute: ComputeProcess;
beforeAll(async () => {
  compute = await startComputeProcess();
});
afterAll(() => compute.close());

const [ROWS, WIDTH, VOCABULARY] = [5, 12, 61] as const;
const LABELS = [3, 60, 0, 17, 33];

/** Numbers around zero that look random and are the same in every run. */
const noise = (count: number, seed: number, scale: number): Float32Array =>
  Float32Array.from({ length: count }, (_, i) => scale * Math.sin(1e4 * Math.sin(i + seed * 777)));

const hidden = noise(ROWS * WIDTH, 1, 2);
const weights = noise(VOCABULARY * WIDTH, 2, 1.5);
const bias = noise(VOCABULARY, 3, 1);

type Tail = (g: GraphBuilder, z: Value) => Value;

function headWith(matrix: Float32Array, dtype: 'float32' | 'float64', tail: Tail): VocabularyHead {
  const g = new GraphBuilder('model');
  const x = g.input('x', dtype, [ROWS, WIDTH]);
  const stored = (name: string, shape: number[], data: Float32Array) =>
    g.initializer(name, { kind: 'inline', tensor: { dtype: 'float32', shape, data } });
  const w = g.cast(stored('W', [VOCABULARY, WIDTH], matrix), dtype);
  const b = g.cast(stored('b', [VOCABULARY], bias), dtype);
  const head = findVocabularyHead(g, tail(g, g.op('Gemm', [x, w, b], { transB: int(1) })));
  expect(head.projection).toBeDefined();
  return head;
}

const plain: Tail = (_, z) => z;
const softCap: Tail = (g, z) =>
  g.mul(g.op('Tanh', [g.mul(z, g.scalar(1 / 4, z.dtype))]), g.scalar(4, z.dtype));

const float = (dtype: 'float32' | 'float64', shape: number[], data: Iterable<number>) =>
  dtype === 'float32'
    ? ({ dtype, shape, data: Float32Array.from(data) } as const)
    : ({ dtype, shape, data: Float64Array.from(data) } as const);

async function run(graph: Graph, feeds: Tensors): Promise<readonly number[][]> {
  const session = await compute.openSession(encodeModel(graph), { device: 'cpu', threads: 1 });
  const { outputs } = await session.run(feeds);
  await session.release();
  const data = Array.from(outputs[graph.outputs[0]?.name ?? '']?.data ?? [], Number);
  const width = data.length / ROWS;
  return Array.from({ length: ROWS }, (_, row) => data.slice(row * width, (row + 1) * width));
}

interface Damage {
  readonly kl: number;
  readonly deltaCrossEntropy: number;
  readonly agrees: boolean;
}

interface Comparison {
  readonly dtype?: 'float32' | 'float64';
  readonly chunkElements?: number;
  readonly tail?: Tail;
  readonly changedWeights?: Float32Array;
  readonly changedHidden?: Float32Array;
}

/** What the graphs say of every row. */
async function measured({
  dtype = 'float32',
  chunkElements,
  tail = plain,
  changedWeights,
  changedHidden = hidden,
}: Comparison): Promise<readonly Damage[]> {
  const original = headWith(weights, dtype, tail);
  const changed = changedWeights && headWith(changedWeights, dtype, tail);
  const x = float(dtype, [ROWS, WIDTH], hidden);
  const labels = {
    dtype: 'int64',
    shape: [ROWS],
    data: BigInt64Array.from(LABELS, BigInt),
  } as const;
  const reference = await run(buildReferenceGraph(original, { chunkElements }), {
    hidden: x,
    labels,
  });
  const columns = LABELS.flatMap((label, row) => [label, reference[row]?.[1] ?? -1]);
  const sums = await run(buildDamageGraph({ original, changed }, { chunkElements }), {
    hidden: x,
    changed_hidden: float(dtype, [ROWS, WIDTH], changedHidden),
    log_normalizers: float(
      dtype,
      [ROWS, 1],
      reference.map(([normalizer = 0]) => normalizer),
    ),
    columns: { dtype: 'int64', shape: [ROWS, 2], data: BigInt64Array.from(columns, BigInt) },
  });
  return sums.map(([weight = 0, excess = 0, shift = 0, target = 0, atTop, max], row) => ({
    ...damageOfToken({ weight, excess, shift, targetShift: target - (reference[row]?.[2] ?? 0) }),
    agrees: atTop === max,
  }));
}

/** The definitions themselves, in float64. */
function expected({ tail = plain, changedWeights, changedHidden }: Comparison): readonly Damage[] {
  const cap = tail === softCap ? (z: number) => 4 * Math.tanh(z / 4) : (z: number) => z;
  const logits = (x: Float32Array, matrix: Float32Array, row: number) =>
    Array.from(bias, (offset, v) => {
      let sum = offset;
      for (let k = 0; k < WIDTH; k++) {
        sum += (x[row * WIDTH + k] ?? 0) * (matrix[v * WIDTH + k] ?? 0);
      }
      return cap(sum);
    });
  const logNormalizer = (z: readonly number[]) =>
    Math.log(z.reduce((sum, each) => sum + Math.exp(each), 0));
  const top = (z: readonly number[]) => z.indexOf(largest(z));
  return LABELS.map((label, row) => {
    const z = logits(hidden, weights, row);
    const changed = logits(changedHidden ?? hidden, changedWeights ?? weights, row);
    const p = z.map((each) => Math.exp(each - logNormalizer(z)));
    const d = z.map((each, v) => (changed[v] ?? 0) - each);
    const mean = d.reduce((sum, each, v) => sum + each * (p[v] ?? 0), 0);
    const centred = d.reduce((sum, each, v) => sum + Math.expm1(each - mean) * (p[v] ?? 0), 0);
    const grown = logNormalizer(changed) - logNormalizer(z);
    return {
      kl: Math.log1p(centred),
      deltaCrossEntropy: grown - (d[label] ?? Number.NaN),
      agrees: top(z) === top(changed),
    };
  });
}

const moved = (values: Float32Array, scale: number, shift = 0) => {
  const by = noise(values.length, 9, scale);
  return values.map((value, i) => value + (by[i] ?? 0) + shift);
};

async function errors(comparison: Comparison) {
  const [found, right] = [await measured(comparison), expected(comparison)];
  const error = (of: (damage: Damage) => number) =>
    largest(
      right.map((damage, row) => {
        const [ours, theirs] = [of(found[row] ?? damage), of(damage)];
        return Math.abs(ours - theirs) / Math.abs(theirs);
      }),
    );
  expect(found.map(({ agrees }) => agrees)).toEqual(right.map(({ agrees }) => agrees));
  const total = (rows: readonly Damage[]) => rows.reduce((sum, { kl }) => sum + kl, 0);
  const ofTotal = Math.abs(total(found) / total(right) - 1);
  return {
    ofTotal,
    kl: error(({ kl }) => kl),
    growth: error(({ deltaCrossEntropy }) => deltaCrossEntropy),
  };
}

describe('a damage graph', () => {
  it.each<[string, Comparison]>([
    ['other hidden states', { changedHidden: moved(hidden, 0.3) }],
    ['another head', { changedWeights: moved(weights, 0.2) }],
    ['both', { changedHidden: moved(hidden, 0.1), changedWeights: moved(weights, 0.1) }],
    ['a soft cap', { changedHidden: moved(hidden, 0.3), tail: softCap }],
    ['a soft cap and another head', { changedWeights: moved(weights, 0.2), tail: softCap }],
  ])(
    'has the divergence and the growth of the loss to the last digits: %s',
    async (_, comparison) => {
      const { kl, growth } = await errors({ dtype: 'float64', ...comparison });
      expect(kl).toBeLessThan(1e-10);
      expect(growth).toBeLessThan(1e-10);
    },
  );

  it.each([1, 35, 61, 200, 10_000])(
    'says the same in chunks of the vocabulary: of %i elements',
    async (chunkElements) => {
      const changed = { changedHidden: moved(hidden, 0.3), changedWeights: moved(weights, 0.1) };
      const { kl } = await errors({ dtype: 'float64', chunkElements, ...changed });
      expect(kl).toBeLessThan(1e-10);
    },
  );

  it('has damage of a millionth right where products are float32', async () => {
    const comparison = { changedHidden: moved(hidden, 3e-4), chunkElements: 70 };
    const sizes = expected(comparison).map(({ kl }) => kl);
    expect(largest(sizes)).toBeLessThan(2e-6);
    const { kl, ofTotal } = await errors(comparison);
    expect(ofTotal).toBeLessThan(1e-3);
    // Some rows have a hundredth of the largest damage.
    expect(kl).toBeLessThan(2e-2);
  });

  it('has it right beside a shift that all logits have in common', async () => {
    const bySame = Float32Array.from(weights);
    // All rows of W move alike, so that all logits of a position do: which changes no probability.
    for (let i = 0; i < bySame.length; i++) bySame[i] = (weights[i] ?? 0) + 0.25;
    const comparison = { changedWeights: bySame, changedHidden: moved(hidden, 3e-3) };
    const shifts = LABELS.map((_, row) => {
      const x = comparison.changedHidden.subarray(row * WIDTH, (row + 1) * WIDTH);
      return 0.25 * Math.abs(x.reduce((sum, each) => sum + each, 0));
    });
    expect(largest(shifts)).toBeGreaterThan(0.5);
    expect((await errors(comparison)).kl).toBeLessThan(1e-2);
  });

  it('is exactly zero where nothing has changed', async () => {
    for (const comparison of [{}, { changedWeights: weights, chunkElements: 70 }]) {
      const rows = await measured(comparison);
      const none = { kl: 0, deltaCrossEntropy: 0, agrees: true };
      expect(rows).toEqual(LABELS.map(() => none));
    }
  });
});

describe('findVocabularyHead', () => {
  it('takes logits of unknown origin for the final hidden states', () => {
    const g = new GraphBuilder('model');
    const x = g.input('x', 'float32', [ROWS, VOCABULARY]);
    const logits = g.op('Softmax', [x], { axis: int(-1) });
    const head = findVocabularyHead(g, logits);
    expect(head).toMatchObject({ hidden: logits, tail: [], vocabulary: VOCABULARY });
    expect(head.projection).toBeUndefined();
  });
});
