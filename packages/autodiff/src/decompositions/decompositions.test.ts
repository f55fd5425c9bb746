import {
  type Attributes,
  elementCount,
  encodeModel,
  float,
  type Graph,
  GraphBuilder,
  int,
  operatorKey,
  str,
} from '@layersense/onnx-ir';
import { type ComputeProcess, startComputeProcess, type TensorData } from '@layersense/runtime';
import { type CaseInput, checkPullback } from '@layersense/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decompose } from '../decompose.js';
import { viewOperator } from '../node-view.js';
import { nonDifferentiable } from '../non-differentiable.js';
import { buildPullback } from '../pullback.js';
import { vjpRules } from '../rules/index.js';
import { decompositions } from './index.js';

interface FusedCase {
  readonly key: string;
  /** Shapes of the random inputs, or constants. */
  readonly inputs: readonly CaseInput[];
  readonly attributes?: Attributes;
  /** Positions of the outputs that are compared and differentiated; the first by default. */
  readonly read?: readonly number[];
  readonly opsetVersion?: number;
  /** Erf has no float64 kernel. */
  readonly erf?: boolean;
}

const ms = (opType: string) => `com.microsoft.${opType}`;
const epsilon = float(0.01);
const ids = (data: readonly number[], shape: readonly number[]): CaseInput => ({
  constant: { dtype: 'int64', shape, data },
});
const interleaved = int(1);

/** Cos and sin tables hold any numbers here: the operator multiplies, whatever they are. */
const fusedCases: readonly FusedCase[] = [
  { key: 'LayerNormalization', inputs: [[4, 4], [4], [4]] },
  { key: 'LayerNormalization', inputs: [[2, 3, 8], [8], [8]], attributes: { epsilon } },
  { key: 'LayerNormalization', inputs: [[2, 3, 8], [8]], read: [0, 1, 2] },
  {
    key: 'LayerNormalization',
    inputs: [
      [2, 3, 8],
      [3, 8],
      [3, 8],
    ],
    attributes: { axis: int(1), epsilon },
  },
  { key: 'SimplifiedLayerNormalization', inputs: [[2, 3, 8], [8]], attributes: { epsilon } },
  { key: 'SimplifiedLayerNormalization', inputs: [[4, 4], [4]], read: [0, 1] },
  { key: 'RMSNormalization', inputs: [[4, 4], [4]], opsetVersion: 23 },
  { key: 'RMSNormalization', inputs: [[2, 3, 8], [8]], attributes: { epsilon }, opsetVersion: 23 },
  { key: ms('SkipLayerNormalization'), inputs: [[2, 3, 8], [2, 3, 8], [8]] },
  {
    key: ms('SkipLayerNormalization'),
    inputs: [[2, 3, 8], [3, 8], [8], [8], [8]],
    attributes: { epsilon },
    read: [0, 3],
  },
  {
    key: ms('SkipSimplifiedLayerNormalization'),
    inputs: [[2, 3, 8], [2, 3, 8], [8]],
    read: [0, 3],
  },
  {
    key: ms('SkipSimplifiedLayerNormalization'),
    inputs: [[2, 3, 8], [2, 3, 8], [8], [8]],
    attributes: { epsilon },
    read: [0, 3],
  },
  { key: 'Gelu', inputs: [[16, 32]], opsetVersion: 20, erf: true },
  { key: 'Gelu', inputs: [[3, 8]], attributes: { approximate: str('tanh') }, opsetVersion: 20 },
  { key: ms('Gelu'), inputs: [[16, 32]], erf: true },
  { key: ms('BiasGelu'), inputs: [[16, 32], [32]], erf: true },
  { key: ms('FastGelu'), inputs: [[3, 8]] },
  { key: ms('FastGelu'), inputs: [[2, 3, 8], [8]] },
  { key: ms('QuickGelu'), inputs: [[3, 8]] },
  { key: ms('QuickGelu'), inputs: [[3, 8]], attributes: { alpha: float(1) } },
  ...[{}, { interleaved }].flatMap((attributes): FusedCase[] => [
    {
      key: ms('RotaryEmbedding'),
      inputs: [[2, 3, 16], ids([2, 4, 1, 0, 5, 3], [2, 3]), [6, 4], [6, 4]],
      attributes,
    },
    {
      key: ms('RotaryEmbedding'),
      inputs: [[1, 2, 3, 8], ids([2], [1]), [6, 4], [6, 4]],
      attributes,
    },
    {
      key: ms('RotaryEmbedding'),
      inputs: [[2, 3, 16], ids([0], [1]), [6, 2], [6, 2]],
      attributes: { ...attributes, num_heads: int(2), rotary_embedding_dim: int(4) },
    },
    {
      key: 'RotaryEmbedding',
      inputs: [[2, 2, 3, 8], [6, 4], [6, 4], ids([2, 4, 1, 0, 5, 3], [2, 3])],
      attributes,
      opsetVersion: 23,
    },
    {
      key: 'RotaryEmbedding',
      inputs: [
        [2, 3, 16],
        [2, 3, 2],
        [2, 3, 2],
      ],
      attributes: { ...attributes, num_heads: int(2), rotary_embedding_dim: int(4) },
      opsetVersion: 23,
    },
  ]),
];

let compute: ComputeProcess;
beforeAll(async () => {
  compute = await startComputeProcess();
});
afterAll(() => compute.close());

describe.each(fusedCases.map((fused, i) => ({ ...fused, i })))('$key, case $i', (fused) => {
  it('computes what the fused kernel computes', async () => {
    const graph = fusedGraph(fused);
    const { g, value } = decompose(graph);
    const outputs = graph.outputs.map(({ name }) => value(name));
    const expected = await run(graph);
    const actual = await run(g.build(outputs));
    for (const [i, output] of outputs.entries()) {
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
      outputs: ['fused'],
      attributes: fused.attributes ?? {},
    };
    await checkPullback(
      { compute, differentiate: buildPullback },
      {
        inputs: fused.inputs,
        ...(fused.opsetVersion === undefined ? {} : { opsetVersion: fused.opsetVersion }),
        ...(fused.erf ? { dtype: 'float32', epsilon: 1e-2, tolerance: 1e-5 } : {}),
        build: (g, inputs) => {
          const names = inputs.map((value) => value?.name ?? '');
          const outputs = decompositions[fused.key]?.(
            viewOperator(g, { ...node, inputs: names }),
            g,
          );
          return (fused.read ?? [0]).flatMap((i) => outputs?.[i] ?? []);
        },
      },
      fused.i,
      fused.key,
    );
  });
});

it('has a case for every decomposition', () => {
  const covered = new Set(fusedCases.map(({ key }) => key));
  expect(Object.keys(decompositions).filter((key) => !covered.has(key))).toEqual([]);
});

it('knows every operator in one way only', () => {
  const keys = [...Object.keys(vjpRules), ...nonDifferentiable, ...Object.keys(decompositions)];
  expect(keys.filter((key, i) => keys.indexOf(key) !== i)).toEqual([]);
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

/** One fused node between constants, so that a graph can be run without feeds. */
function fusedGraph({ key, inputs, attributes = {}, read = [0], opsetVersion }: FusedCase): Graph {
  const g = new GraphBuilder('fused', opsetVersion);
  const [opType = '', ...domain] = key.split('.').reverse();
  const values = inputs.map((input, i) => {
    if (input === undefined) return undefined;
    if ('constant' in input) return g.constant(input.constant);
    const shape = 'shape' in input ? input.shape : input;
    const data = Array.from({ length: elementCount(shape) }, (_, k) => 2 * Math.sin(k * k + i + 1));
    return g.constant({ dtype: 'float32', shape, data: Float32Array.from(data) });
  });
  const outputs = g.ops(opType, values, attributes, {
    domain: domain.reverse().join('.'),
    outputs: Math.max(...read) + 1,
  });
  expect(operatorKey(g.nodes[0] ?? { opType: '', domain: '' })).toBe(key);
  return g.build(outputs.filter((_, i) => read.includes(i)));
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

/** Relative to the largest element; NaN where the two cannot be compared. */
function largestDifference(a: TensorData | undefined, b: TensorData | undefined): number {
  if (a?.dtype !== 'float32' || b?.dtype !== 'float32' || a.data.length !== b.data.length) {
    return Number.NaN;
  }
  const size = Math.max(...Array.from(a.data, Math.abs));
  return (
    Math.max(...a.data.map((element, i) => Math.abs(element - (b.data[i] ?? Number.NaN)))) / size
  );
}
