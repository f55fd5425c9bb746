import {
  elementCount,
  encodeModel,
  type Graph,
  GraphBuilder,
  int,
  type Value,
} from '@layersense/onnx-ir';
import { type ComputeProcess, startComputeProcess, type TensorData } from '@layersense/runtime';
import { type CaseInput, checkPullback, largest, nonEmpty } from '@layersense/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decompose } from '../decompose.js';
import { viewOperator } from '../node-view.js';
import { nonDifferentiable } from '../non-differentiable.js';
import { buildPullback } from '../pullback.js';
import { vjpRules } from '../rules/index.js';
import { einsumCases } from './einsum.cases.js';
import { elementaryCases } from './elementary.cases.js';
import type { FusedCase } from './fused.cases.js';
import { groupQueryCases } from './group-query-attention.cases.js';
import { decompositions, isDecomposedOp } from './index.js';
import { multiHeadCases } from './multi-head-attention.cases.js';
import { attentionCases } from './onnx-attention.cases.js';
import { quantizedCases } from './quantized.cases.js';
import { dequantizedWeightName } from './quantized.js';

const fusedCases = nonEmpty<FusedCase>([
  ...elementaryCases,
  ...groupQueryCases,
  ...multiHeadCases,
  ...attentionCases,
  ...quantizedCases,
  ...einsumCases,
]);

let compute: ComputeProcess;
beforeAll(async () => {
  compute = await startComputeProcess();
});
afterAll(() => compute.close());

describe.each(fusedCases.map((fused, i) => ({ about: '', ...fused, i })))(
  '$key, case $i $about',
  (fused) => {
    it('computes what the fused kernel computes', async () => {
      const graph = fusedGraph(fused);
      const { g, value } = decompose(graph);
      const outputs = graph.outputs.map(({ name }) => value(name));
      const expected = await run(fused.kernel ? fusedGraph(fused, fused.kernel) : graph);
      const actual = await run(g.build(outputs));
      for (const [i, output] of nonEmpty(outputs).entries()) {
        expect(output.shape).toEqual(graph.outputs[i]?.shape);
        expect(largestDifference(expected[i], actual[i])).toBeLessThan(3e-6);
      }
    });

    it('differentiates', async () => {
      const [opType = '', ...domain] = fused.key.split('.').reverse();
      const node = {
        name: 'fused',
        opType,
        domain: domain.reverse().join('.'),
        outputs: Array.from({ length: 1 + largest(fused.read ?? [0]) }, (_, i) => `y${i}`),
        attributes: fused.attributes ?? {},
      };
      await expect(
        checkPullback(
          { compute, differentiate: buildPullback },
          {
            inputs: fused.inputs.map((input) => (fused.erf ? input : inFloat64(input))),
            ...(fused.wrt ? { wrt: fused.wrt } : {}),
            ...(fused.opsetVersion === undefined ? {} : { opsetVersion: fused.opsetVersion }),
            ...(fused.erf ? { dtype: 'float32', epsilon: 1e-2, tolerance: 1e-5 } : {}),
            build: (g, inputs) => {
              const names = inputs.map((value) => value?.name ?? '');
              if (!isDecomposedOp(fused.key)) throw new Error(`${fused.key} has no decomposition`);
              const view = viewOperator(g, { ...node, inputs: names });
              const outputs = decompositions[fused.key](view, g);
              return (fused.read ?? [0]).flatMap((i) => outputs?.[i] ?? []);
            },
          },
          fused.i,
          fused.key,
        ),
      ).resolves.toBeUndefined();
    });
  },
);

it('has a case for every decomposition', () => {
  const covered = new Set(fusedCases.map(({ key }) => key));
  // It is a pattern of several nodes and has a test of its own.
  covered.add('Where');
  expect(Object.keys(decompositions).filter((key) => !covered.has(key))).toEqual([]);
});

it('knows every operator in one way only', () => {
  const keys = [...Object.keys(vjpRules), ...nonDifferentiable, ...Object.keys(decompositions)];
  expect(keys.filter((key, i) => keys.indexOf(key) !== i)).toEqual([
    // It has a rule, for what is left when its scale was taken out of it.
    'SimplifiedLayerNormalization',
    // It is decomposed in the one pattern where its rule gives NaN.
    'Where',
  ]);
});

it('keeps the names of what it does not decompose', () => {
  const g = new GraphBuilder('g');
  const x = g.input('x', 'float32', [2, 4]);
  const scale = g.external('scale', {
    file: 'weights',
    offset: 0,
    length: 16,
    dtype: 'float32',
    shape: [4],
  });
  const norm = g.op('SimplifiedLayerNormalization', [x, scale], {}, { name: 'norm' });
  const result = g.op('Neg', [norm], {}, { name: 'result' });
  const decomposed = decompose(g.build([result]));
  expect(decomposed.value('result').name).toBe('result');
  expect(decomposed.value('x').name).toBe('x');
  expect(decomposed.value('norm').name).toMatch(/^norm#decomposed/);
  expect(decomposed.g.initializers.get('scale')).toEqual(g.initializers.get('scale'));
});

it('names the weight it dequantises and hands it to one Gemm', () => {
  const g = new GraphBuilder('g');
  const x = g.input('x', 'float32', [2, 3, 32]);
  const packed = g.input('packed', 'uint8', [8, 2, 8]);
  const scales = g.input('scales', 'float32', [8, 2]);
  const attributes = { K: int(32), N: int(8), bits: int(4), block_size: int(16) };
  const options = { domain: 'com.microsoft', name: 'layers.0/q_proj' };
  const y = g.op('MatMulNBits', [x, packed, scales], attributes, options);
  const decomposed = decompose(g.build([y]));
  const weight = decomposed.g.value(dequantizedWeightName('layers.0/q_proj'));
  expect(weight.shape).toEqual([8, 32]);
  const users = decomposed.g.nodes.filter(({ inputs }) => inputs.includes(weight.name));
  expect(users).toMatchObject([{ opType: 'Gemm', attributes: { transB: int(1) } }]);
  expect(users[0]?.inputs.indexOf(weight.name)).toBe(1);
});

/** One fused node between constants, so that a graph can be run without feeds. */
function fusedGraph(
  { key, inputs, attributes = {}, read = [0], rows, opsetVersion }: FusedCase,
  kernel?: FusedCase['kernel'],
): Graph {
  const g = new GraphBuilder('fused', opsetVersion);
  const [opType = '', ...domain] = key.split('.').reverse();
  const values = inputs.map((input, i) => {
    if (input === undefined) return undefined;
    if ('constant' in input) return g.constant(input.constant);
    const shape = 'shape' in input ? input.shape : input;
    const data = Array.from({ length: elementCount(shape) }, (_, k) => 2 * Math.sin(k * k + i + 1));
    return g.constant({ dtype: 'float32', shape, data: Float32Array.from(data) });
  });
  const outputs = kernel
    ? kernel(g, values)
    : g.ops(opType, values, attributes, {
        domain: domain.reverse().join('.'),
        outputs: largest(read) + 1,
      });
  const compared = outputs.filter((_, i) => read.includes(i));
  return g.build(rows ? compared.map((output) => takeRows(g, output, rows)) : compared);
}

/** Constants in the arithmetic of the differences. */
function inFloat64(input: CaseInput): CaseInput {
  if (!input || !('constant' in input) || input.constant.dtype !== 'float32') return input;
  return { constant: { ...input.constant, dtype: 'float64' } };
}

/** Rows of `x` as a matrix. */
function takeRows(g: GraphBuilder, x: Value, rows: readonly number[]): Value {
  const width = x.shape.at(-1) ?? 0;
  return g.op('Gather', [g.reshape(x, [elementCount(x.shape) / width, width]), g.int64(rows)]);
}

async function run(graph: Graph): Promise<readonly (TensorData | undefined)[]> {
  const session = await compute.openSession(encodeModel(graph), {
    device: 'cpu',
    threads: 1,
    graphOptimization: 'disabled',
  });
  try {
    const { outputs } = await session.run({});
    return graph.outputs.map(({ name }) => outputs[name]);
  } finally {
    await session.release();
  }
}

/** The largest difference by the largest element; NaN where the two cannot be compared. */
function largestDifference(a: TensorData | undefined, b: TensorData | undefined): number {
  if (a?.dtype !== 'float32' || b?.dtype !== 'float32' || a.data.length !== b.data.length) {
    return Number.NaN;
  }
  const differences = a.data.map((element, i) => Math.abs(element - (b.data[i] ?? Number.NaN)));
  return largest(differences) / largest(a.data.map(Math.abs));
}
