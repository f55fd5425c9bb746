import { describe, expect, it } from 'vitest';
import { GraphBuilder } from '../graph/builder.js';
import { type Graph, int, type Value } from '../graph/graph.js';
import { estimateMemory } from '../memory/estimate-memory.js';
import { executionOrder } from '../memory/execution-order.js';
import { recomputeCheapValues } from './recompute-cheap-values.js';

const ROWS = 128;
const WIDTH = 512;
const BYTES = 4 * ROWS * WIDTH;

function weight(g: GraphBuilder, name: string): Value {
  const length = 4 * WIDTH * WIDTH;
  const shape = [WIDTH, WIDTH];
  return g.external(name, { file: 'w', offset: 0, length, dtype: 'float32', shape });
}

/** Per layer x ← x + h σ(h) with h = x W; backwards, in its likeness, c ← (c ⊙ σ(h) ⊙ h ⊙ x) Wᵀ. */
function residualLayers(layers: number): { graph: Graph; recomputed: Graph } {
  const g = new GraphBuilder('layers');
  let x = g.op('Tanh', [g.matMul(g.input('x', 'float32', [ROWS, WIDTH]), weight(g, 'embed'))]);
  const states = Array.from({ length: layers }, (_, i) => {
    const h = g.scope(`${i}`, () => g.matMul(x, weight(g, `w${i}`)));
    const gate = g.op('Sigmoid', [h], {}, { name: `gate${i}` });
    x = g.op('Add', [x, g.mul(h, gate)], {}, { name: `sum${i}` });
    return { gate, h, sum: x };
  });
  const forward = new Set(g.nodes);
  let cotangent = x;
  const norms = states.toReversed().map(({ gate, h, sum }, i) => {
    const inner = g.mul(g.mul(g.mul(cotangent, gate), h), sum);
    cotangent = g.op('Gemm', [inner, g.value(`w${layers - 1 - i}`)], { transB: int(1) });
    return g.reduceSum(cotangent, [0, 1]);
  });
  const graph = g.build(norms.reverse());
  return { graph, recomputed: recomputeCheapValues(graph, forward) };
}

describe('recomputeCheapValues', () => {
  it('repeats an activation function for the backward pass and keeps the product it is made from', () => {
    const { graph, recomputed } = residualLayers(2);
    const added = recomputed.nodes.filter((node) => !graph.nodes.some((n) => n.name === node.name));
    expect(added.map(({ name, inputs }) => [name, ...inputs])).toEqual([
      ['gate0#again', '0/MatMul'],
      ['gate1#again', '1/MatMul'],
    ]);
    const readers = recomputed.nodes.filter(({ inputs }) => inputs.includes('gate1#again'));
    expect(readers).toHaveLength(1);
    expect(recomputed.values.get('gate1#again')?.shape).toEqual([ROWS, WIDTH]);
  });

  it('computes them when the backward pass has come there, not before', () => {
    const order = executionOrder(residualLayers(3).recomputed).map(({ name }) => name);
    const firstGemm = order.indexOf('Gemm');
    expect(order.indexOf('gate2#again')).toBeLessThan(firstGemm);
    expect(order.indexOf('gate1#again')).toBeGreaterThan(firstGemm);
    expect(order.indexOf('gate0#again')).toBeGreaterThan(order.indexOf('Gemm_1'));
  });

  it('leaves less to keep, one value per layer here', () => {
    const layers = 8;
    const { graph, recomputed } = residualLayers(layers);
    const saved =
      estimateMemory(graph).activationBytes - estimateMemory(recomputed).activationBytes;
    expect(saved / BYTES).toBeGreaterThanOrEqual(layers - 2);
  });

  it('keeps attention weights only where their queries and keys would have to be kept instead', () => {
    const repeats = (length: number, keepsBoth: boolean) => {
      const g = new GraphBuilder('attention');
      const project = (name: string) =>
        g.reshape(g.matMul(g.input(name, 'float32', [length, WIDTH]), weight(g, `w${name}`)), [
          WIDTH / 64,
          length,
          64,
        ]);
      const [q, k, v] = [project('q'), project('k'), project('v')];
      const weights = g.op('Softmax', [g.matMul(q, g.swapLast(k))], { axis: int(-1) });
      const forward = new Set(g.nodes);
      const late = g.matMul(g.mul(weights, weights), keepsBoth ? g.add(q, k) : v);
      const graph = recomputeCheapValues(g.build([late]), forward);
      return graph.nodes.map(({ name }) => name).filter((name) => name.endsWith('#again'));
    };
    const attention = ['Transpose#again', 'MatMul_3#again', 'Softmax#again'];
    expect(repeats(512, false)).toEqual(attention);
    expect(repeats(64, true)).toEqual(attention);
    expect(repeats(64, false)).toEqual([]);
  });
});
