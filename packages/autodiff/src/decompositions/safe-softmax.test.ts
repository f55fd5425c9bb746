import { encodeModel, type Graph, GraphBuilder, int, type Value } from '@layersense/onnx-ir';
import { type ComputeProcess, startComputeProcess, type TensorData } from '@layersense/runtime';
import { checkPullback } from '@layersense/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decompose } from '../decompose.js';
import { buildPullback } from '../pullback.js';

let compute: ComputeProcess;
beforeAll(async () => {
  compute = await startComputeProcess();
});
afterAll(() => compute.close());

const ROWS = 3;
const COLUMNS = 4;
const NONE = new Array<number>(COLUMNS).fill(-Infinity);

/** Softmax over masked scores with NaN replaced, as exporters write it; the second row is hidden. */
function attentionWeights(g: GraphBuilder, x: Value): Value {
  const data = [0, 0, -Infinity, 0, ...NONE, -Infinity, 0, 0, 0];
  const mask = g.constant({ dtype: x.dtype, shape: [ROWS, COLUMNS], data });
  const probabilities = g.op('Softmax', [g.add(x, mask)], { axis: int(-1) });
  const zero = g.scalar(0, x.dtype);
  return g.op('Where', [g.op('IsNaN', [probabilities]), zero, probabilities]);
}

describe('a softmax whose NaN are replaced', () => {
  it('keeps its value', async () => {
    const g = new GraphBuilder('g');
    const x = constantScores(g);
    const graph = g.build([attentionWeights(g, x)]);
    const { g: written, value } = decompose(graph);
    const expected = await run(graph);
    const actual = await run(written.build(graph.outputs.map(({ name }) => value(name))));
    expect(expected.slice(COLUMNS, 2 * COLUMNS)).toEqual([0, 0, 0, 0]);
    expect(actual).toEqual(expected);
  });

  it('differentiates, with cotangents of 0 where nothing is attended to', async () => {
    await expect(
      checkPullback(
        { compute, differentiate: buildPullback },
        {
          inputs: [[ROWS, COLUMNS]],
          build: (g, [x]) => (x ? [writtenOut(g, x)] : []),
        },
        1,
      ),
    ).resolves.toBeUndefined();
  });

  it('leaves any other Where as it is', () => {
    const g = new GraphBuilder('g');
    const x = constantScores(g);
    const y = g.op('Where', [g.op('IsNaN', [x]), g.scalar(0, 'float32'), x]);
    const { g: written } = decompose(g.build([y]));
    expect(written.nodes.map(({ opType }) => opType)).toEqual(['IsNaN', 'Where']);
  });
});

/** The pattern, decomposed, appended to `g`. */
function writtenOut(g: GraphBuilder, x: Value): Value {
  const source = new GraphBuilder('source');
  const y = attentionWeights(source, source.input(x.name, x.dtype, x.shape));
  const { g: written, value } = decompose(source.build([y]));
  const result = value(y.name);
  const { nodes, initializers } = written.build([result]);
  for (const [name, initializer] of initializers) g.initializer(name, initializer);
  for (const node of nodes) g.append(node);
  return g.value(result.name);
}

function constantScores(g: GraphBuilder): Value {
  const data = Array.from({ length: ROWS * COLUMNS }, (_, i) => Math.sin(i));
  return g.constant({ dtype: 'float32', shape: [ROWS, COLUMNS], data });
}

async function run(graph: Graph): Promise<readonly number[]> {
  const session = await compute.openSession(encodeModel(graph), {
    device: 'cpu',
    threads: 1,
    graphOptimization: 'disabled',
  });
  try {
    const { outputs } = await session.run({});
    const output: TensorData | undefined = outputs[graph.outputs[0]?.name ?? ''];
    return output?.dtype === 'float32' ? Array.from(output.data) : [];
  } finally {
    await session.release();
  }
}
