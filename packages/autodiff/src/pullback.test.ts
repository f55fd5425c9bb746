import { LayersenseError } from '@layersense/contracts';
import { encodeModel, GraphBuilder, int, str, type Value } from '@layersense/onnx-ir';
import { type ComputeProcess, startComputeProcess } from '@layersense/runtime';
import { checkPullback } from '@layersense/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { assertDifferentiable } from './coverage.js';
import { buildPullback } from './pullback.js';
import { vjpRules } from './rules/index.js';
import type { VjpRule } from './vjp.js';

const FLOAT32 = int(1);
const INT64 = int(7);

function seedOnes(g: GraphBuilder, y: Value): ReadonlyMap<string, Value> {
  const data = Array.from({ length: y.shape.reduce((n, size) => n * size, 1) }, () => 1);
  return new Map([[y.name, g.constant({ dtype: y.dtype, shape: y.shape, data })]]);
}

describe('the walk', () => {
  it('gives the cotangent of every active value and of no other', () => {
    const g = new GraphBuilder('g');
    const x = g.input('x', 'float32', [2, 3]);
    const mask = g.input('mask', 'float32', [2, 3]);
    const hidden = g.op('Tanh', [x], {}, { name: 'hidden' });
    g.op('Exp', [x], {}, { name: 'unread' });
    const y = g.op('Mul', [hidden, g.op('Exp', [mask], {}, { name: 'frozen' })], {}, { name: 'y' });
    const cotangents = buildPullback(g, seedOnes(g, y), [x]);
    expect([...cotangents.keys()].sort()).toEqual(['hidden', 'x', 'y']);
  });

  it('stops at the values it differentiates by', () => {
    const g = new GraphBuilder('g');
    const x = g.input('x', 'float32', [2]);
    const hidden = g.op('Exp', [x], {}, { name: 'hidden' });
    const y = g.op('Exp', [hidden], {}, { name: 'y' });
    const cotangents = buildPullback(g, seedOnes(g, y), [hidden]);
    expect([...cotangents.keys()].sort()).toEqual(['hidden', 'y']);
  });

  it('leaves out a value that does not influence a seeded one', () => {
    const g = new GraphBuilder('g');
    const x = g.input('x', 'float32', [2]);
    const other = g.input('other', 'float32', [2]);
    const y = g.op('Exp', [x]);
    expect(buildPullback(g, seedOnes(g, y), [x, other]).has('other')).toBe(false);
    expect(buildPullback(g, seedOnes(g, y), [other]).size).toBe(0);
  });

  it('passes nothing through integers and steps', () => {
    const g = new GraphBuilder('g');
    const x = g.input('x', 'float32', [2]);
    const rounded = g.op('Cast', [g.op('Cast', [x], { to: INT64 })], { to: FLOAT32 });
    const y = g.mul(g.op('Floor', [x]), g.mul(rounded, x));
    const nodesBefore = g.nodes.length;
    buildPullback(g, seedOnes(g, y), [x]);
    const operators = g.nodes.slice(nodesBefore).map((node) => node.opType);
    expect(operators).toEqual(['Mul', 'Mul']);
  });

  it('names what it appends after the forward node', () => {
    const g = new GraphBuilder('g');
    const x = g.input('x', 'float32', [2]);
    const y = g.scope('layers.0', () => g.op('Exp', [x], {}, { name: 'gate' }));
    const before = g.nodes.length;
    buildPullback(g, seedOnes(g, y), [x]);
    expect(g.nodes.slice(before).map(({ name }) => name)).toEqual(['layers.0/gate#vjp/Mul']);
  });

  it('skips a weight that is not differentiated by', () => {
    const g = new GraphBuilder('g');
    const x = g.input('x', 'float32', [2, 3]);
    const w = g.input('w', 'float32', [3, 4]);
    const y = g.matMul(x, w);
    const before = g.nodes.length;
    buildPullback(g, seedOnes(g, y), [x]);
    expect(g.nodes.slice(before).map(({ opType }) => opType)).toEqual(['Gemm']);
  });

  it('walks a long graph once', () => {
    // Counted, not timed: the reads grow by the same number with every node. Reads that are quadratic
    // in the number of nodes would grow by more for the second hundred than for the first.
    const [one = 0, two = 0, three = 0] = [100, 200, 300].map(readsOfChain);
    expect(two - one).toBeGreaterThanOrEqual(100);
    expect(three - two).toBe(two - one);
  });

  /** How often the nodes of a chain of `length` are read while it is differentiated. */
  function readsOfChain(length: number): number {
    const g = new GraphBuilder('chain');
    const x = g.input('x', 'float32', [1]);
    let y = x;
    for (let i = 0; i < length; i++) y = g.op('Neg', [y]);
    let reads = 0;
    const nodes = new Proxy(g.nodes, {
      get(target, name, receiver) {
        if (typeof name === 'string' && /^[0-9]+$/.test(name)) reads += 1;
        return Reflect.get(target, name, receiver);
      },
    });
    Object.defineProperty(g, 'nodes', { value: nodes });
    expect(buildPullback(g, seedOnes(g, y), [x]).size).toBe(length + 1);
    return reads;
  }
});

describe('a pullback on ONNX Runtime', () => {
  let compute: ComputeProcess;
  beforeAll(async () => {
    compute = await startComputeProcess();
  });
  afterAll(() => compute.close());

  it('adds up what comes back from several readers, and from one that reads twice', async () => {
    const build = (g: GraphBuilder, [x]: readonly (Value | undefined)[]) => {
      if (!x) return [];
      const square = g.mul(x, x);
      const shared = g.op('Exp', [square]);
      return [g.add(g.mul(shared, square), g.op('Tanh', [shared])), g.op('Sin', [shared])];
    };
    const harness = { compute, differentiate: buildPullback };
    await expect(checkPullback(harness, { inputs: [[3, 3]], build }, 1)).resolves.toBeUndefined();
  });

  it('differentiates an attention block', async () => {
    const [batch, heads, length, size] = [2, 2, 4, 3] as const;
    const build = (g: GraphBuilder, inputs: readonly (Value | undefined)[]) => {
      const [x, wqkv, wo] = inputs;
      if (!x || !wqkv || !wo) return [];
      const parts = g.ops(
        'Split',
        [g.matMul(x, wqkv), g.int64([6, 6, 6])],
        { axis: int(-1) },
        { outputs: 3 },
      );
      const [q, k, v] = parts.map((part) =>
        g.transpose(g.reshape(part, [batch, length, heads, size]), [0, 2, 1, 3]),
      );
      if (!q || !k || !v) return [];
      const scores = g.mul(g.matMul(q, g.swapLast(k)), g.scalar(size ** -0.5, q.dtype));
      const keep = Array.from({ length: length ** 2 }, (_, i) =>
        i % length <= i / length ? 1 : 0,
      );
      const causal = g.constant({ dtype: 'bool', shape: [length, length], data: keep });
      const masked = g.op('Where', [causal, scores, g.scalar(-1e30, q.dtype)]);
      const mixed = g.matMul(g.op('Softmax', [masked], { axis: int(-1) }), v);
      const merged = g.reshape(g.transpose(mixed, [0, 2, 1, 3]), [batch, length, heads * size]);
      return [g.add(x, g.matMul(merged, wo))];
    };
    const inputs = [
      [batch, length, 6],
      [6, 18],
      [6, 6],
    ];
    await expect(
      checkPullback({ compute, differentiate: buildPullback }, { inputs, build }, 1),
    ).resolves.toBeUndefined();
  });

  it('returns an intermediate activation’s cotangent', async () => {
    const g = new GraphBuilder('g');
    const x = g.constant({ dtype: 'float32', shape: [2], data: [1, 2] });
    const hidden = g.op('Exp', [x], {}, { name: 'hidden' });
    const y = g.mul(hidden, g.scalar(3, 'float32'));
    const cotangent = buildPullback(g, seedOnes(g, y), [x]).get('hidden');
    if (!cotangent) throw new Error('hidden has no cotangent');
    const session = await compute.openSession(encodeModel(g.build([cotangent])), { device: 'cpu' });
    const { outputs } = await session.run({});
    await session.release();
    expect([...(outputs[cotangent.name]?.data ?? [])]).toEqual([3, 3]);
  });

  it('lets equal maxima share the cotangent, and the first of equal operands take it', async () => {
    const g = new GraphBuilder('ties');
    const x = g.constant({ dtype: 'float32', shape: [4], data: [5, 5, 1, 5] });
    const a = g.constant({ dtype: 'float32', shape: [2], data: [1, 2] });
    const b = g.constant({ dtype: 'float32', shape: [2], data: [1, 3] });
    const peak = g.op('ReduceMax', [x, g.int64([0])]);
    const larger = g.op('Max', [a, b]);
    const seeds = new Map([...seedOnes(g, peak), ...seedOnes(g, larger)]);
    const cotangents = buildPullback(g, seeds, [x, a, b]);
    const read = [x, a, b].flatMap(({ name }) => cotangents.get(name) ?? []);
    const session = await compute.openSession(encodeModel(g.build(read)), { device: 'cpu' });
    const { outputs } = await session.run({});
    await session.release();
    const values = read.map(({ name }) => [...(outputs[name]?.data ?? [])].map(Number));
    const third = Math.fround(1 / 3);
    expect(values).toEqual([
      [third, third, 0, third],
      [1, 0],
      [0, 1],
    ]);
  });
});

describe('refusals', () => {
  function unsupportedGraph() {
    const g = new GraphBuilder('g');
    const x = g.input('x', 'float32', [2, 4]);
    const norm = g.op(
      'RMSNormalization',
      [x, g.input('scale', 'float32', [4])],
      {},
      { name: 'norm' },
    );
    const first = g.op('Gelu', [norm], {}, { name: 'gelu_a' });
    const y = g.op('Gelu', [first], {}, { name: 'gelu_b' });
    const unread = g.op('QuickGelu', [y], {}, { name: 'unread', domain: 'com.microsoft' });
    return { g, x, y, unread };
  }

  it('lists every unsupported operator on an active path, with its nodes, at once', () => {
    const { g, x, y } = unsupportedGraph();
    const attempt = () => buildPullback(g, seedOnes(g, y), [x]);
    const before = g.nodes.length;
    expect(attempt).toThrow(LayersenseError);
    expect(attempt).toThrow(/RMSNormalization \(norm\), Gelu \(gelu_a, gelu_b\)/);
    expect(attempt).not.toThrow(/QuickGelu/);
    expect(g.nodes.length).toBe(before);
    expect(() => assertDifferentiable(g, [y.name], [x])).toThrow(
      expect.objectContaining({
        code: 'unsupported_operator',
        context: {
          operators: ['RMSNormalization', 'Gelu'],
          nodes: ['norm', 'gelu_a', 'gelu_b'],
        },
      }),
    );
  });

  it('accepts an unsupported operator that no derivative passes', () => {
    const { g, x, y } = unsupportedGraph();
    const onlyAfter = g.op('Exp', [y]);
    expect(() => assertDifferentiable(g, [onlyAfter.name], [y])).not.toThrow();
    expect(() => assertDifferentiable(g, ['scale'], [x])).not.toThrow();
  });

  it('names operator, node and input of a rule that gives a wrong shape, type or count', () => {
    const attempt = (rule: VjpRule) => () => {
      const g = new GraphBuilder('g');
      const x = g.input('x', 'float32', [2, 3]);
      const y = g.op('Add', [x, g.input('b', 'float32', [3])], {}, { name: 'shift' });
      buildPullback(g, seedOnes(g, y), [x, g.value('b')], { ...vjpRules, Add: rule });
    };
    expect(attempt((_, [dy]) => [dy, dy])).toThrow(
      'Add shift: the cotangent of input 1 is float32[2,3] where the value is float32[3]',
    );
    expect(attempt((_, [dy], g) => [dy && g.cast(dy, 'float64'), dy])).toThrow(
      'Add shift: the cotangent of input 0 is float64[2,3] where the value is float32[2,3]',
    );
    expect(attempt((_, [dy]) => [dy])).toThrow(
      'Add shift: its rule gives 1 cotangents for 2 inputs',
    );
    expect(attempt(() => [undefined, undefined])).toThrow(
      'Add shift: its rule gives no cotangent for input 0',
    );
  });

  it('names a variant of an operator that has no formula', () => {
    const g = new GraphBuilder('g');
    const x = g.input('x', 'float32', [4]);
    const y = g.op('Pad', [x, g.int64([1, 1])], { mode: str('reflect') }, { name: 'border' });
    expect(() => buildPullback(g, seedOnes(g, y), [x])).toThrow(
      'Pad border cannot be differentiated: its mode is reflect, and only constant has a formula.',
    );
  });

  it('refuses a seed of another shape', () => {
    const g = new GraphBuilder('g');
    const x = g.input('x', 'float32', [2, 3]);
    const y = g.op('Exp', [x], {}, { name: 'y' });
    expect(() => buildPullback(g, new Map([[y.name, g.input('c', 'float32', [3])]]), [x])).toThrow(
      'the cotangent of y is float32[3] where the value is float32[2,3]',
    );
  });
});
