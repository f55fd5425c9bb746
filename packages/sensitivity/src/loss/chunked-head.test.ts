import { encodeModel, GraphBuilder, int } from '@layersense/onnx-ir';
import { type ComputeProcess, startComputeProcess } from '@layersense/runtime';
import { labelUniforms } from '@layersense/statistics';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildSensitivityGraph } from '../build-sensitivity-graph.js';

let compute: ComputeProcess;
beforeAll(async () => {
  compute = await startComputeProcess();
});
afterAll(() => compute.close());

const VOCABULARY = 11;
const WIDTH = 3;

const weight = Array.from({ length: VOCABULARY * WIDTH }, (_, i) => 2 * Math.sin(5 * i + 1));
const inputsOf = (rows: number) =>
  Float64Array.from({ length: rows * WIDTH }, (_, i) => Math.cos(7 * i));

/** Uniform numbers, of which the first are the least and the largest that there are. */
function uniformsOf(rows: number): Float64Array {
  const uniforms = Float64Array.from(labelUniforms(42, 7, rows));
  uniforms.set([0, 1 - 2 ** -24]);
  return uniforms;
}

/** As many examples as rows, each of one position: losses, and squared norms of the head's weight. */
async function run(rows: number, chunkElements?: number) {
  const g = new GraphBuilder('head');
  const x = g.input('x', 'float64', [rows, WIDTH]);
  const tensor = { dtype: 'float64', shape: [VOCABULARY, WIDTH], data: weight } as const;
  const w = g.initializer('w', { kind: 'inline', tensor });
  const logits = g.op('Gemm', [x, w], { transB: int(1) });
  const shape = { batch: rows, length: 1 };
  const { graph, lossOutput, parameters } = buildSensitivityGraph(
    { builder: g, shape, logits, parameters: ['w'] },
    { labels: 'model', ...(chunkElements === undefined ? {} : { chunkElements }) },
  );
  const session = await compute.openSession(encodeModel(graph), { device: 'cpu' });
  const { outputs } = await session.run({
    x: { dtype: 'float64', shape: [rows, WIDTH], data: inputsOf(rows) },
    uniforms: { dtype: 'float64', shape: [rows, 1], data: uniformsOf(rows) },
    loss_weights: { dtype: 'float64', shape: [rows], data: new Float64Array(rows).fill(1) },
  });
  await session.release();
  const vector = (name: string) => outputs[name]?.data as Float64Array;
  const chunks = [...graph.initializers.keys()].filter((name) => name.startsWith('w['));
  const norms = vector(parameters[0]?.output ?? '');
  return { losses: vector(lossOutput), norms, chunks };
}

/** The same by the definition: y = #{v: cdf(v) < u}, and ‖x (p − onehot(y))ᵀ‖². */
function byDefinition(rows: number) {
  const [inputs, uniforms] = [inputsOf(rows), uniformsOf(rows)];
  return Array.from({ length: rows }, (_, row) => {
    const x = inputs.subarray(row * WIDTH, (row + 1) * WIDTH);
    const z = Array.from({ length: VOCABULARY }, (_, v) =>
      x.reduce((sum, value, k) => sum + value * (weight[v * WIDTH + k] ?? 0), 0),
    );
    const normalizer = Math.log(z.reduce((sum, each) => sum + Math.exp(each), 0));
    const p = z.map((each) => Math.exp(each - normalizer));
    let reached = 0;
    const below = p.filter((each) => {
      reached += each;
      return reached < (uniforms[row] ?? 0);
    });
    const label = Math.min(below.length, VOCABULARY - 1);
    const squares = (values: Iterable<number>) =>
      [...values].reduce((sum, value) => sum + value ** 2, 0);
    const delta = p.map((each, v) => each - (v === label ? 1 : 0));
    return { label, loss: normalizer - (z[label] ?? 0), norm: squares(x) * squares(delta) };
  });
}

describe('labels drawn from the model', () => {
  it.each([
    ['at once', 400, undefined, 0],
    ['of a head in three chunks', 400, 400 * 4, 3],
    ['of a head in two chunks', 400, 400 * 10, 2],
    ['of many positions', 24_000, 24_000 * 4, 3],
  ] as const)('are those of the inverted distribution, %s', async (_, rows, elements, count) => {
    const { losses, norms, chunks } = await run(rows, elements);
    expect(chunks).toHaveLength(count);
    const expected = byDefinition(rows);
    expect(new Set(expected.map(({ label }) => label)).size).toBe(VOCABULARY);
    const furthest = expected.map(({ loss, norm }, row) =>
      Math.max(
        Math.abs((losses[row] ?? Number.NaN) - loss),
        Math.abs((norms[row] ?? Number.NaN) - norm),
      ),
    );
    expect(furthest).toHaveLength(rows);
    expect(furthest.filter((error) => !(error < 1e-10))).toEqual([]);
  });
});
