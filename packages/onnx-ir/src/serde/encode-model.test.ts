import { describe, expect, test } from 'vitest';
import { GraphBuilder } from '../graph/builder.js';
import {
  type Attributes,
  float,
  type Graph,
  type InlineTensor,
  int,
  ints,
  str,
} from '../graph/graph.js';
import { countNodes } from './count-nodes.js';
import { type DecodedModel, decodeModel } from './decode-model.js';
import { encodeModel } from './encode-model.js';

const roundTrip = (graph: Graph): DecodedModel => decodeModel(encodeModel(graph), 'model.onnx');

/** A graph of one Identity node that carries `attributes`, which no inference rule looks at. */
function graphWith(attributes: Attributes): Graph {
  const b = new GraphBuilder('attributes');
  const x = b.input('x', 'float32', [2]);
  const y = b.neg(x);
  const graph = b.build([y]);
  return { ...graph, nodes: graph.nodes.map((node) => ({ ...node, attributes })) };
}

function constant(tensor: InlineTensor): InlineTensor['data'] | undefined {
  const b = new GraphBuilder('constant');
  const c = b.constant(tensor);
  const graph = b.build([c]);
  const initializer = roundTrip(graph).initializers.get(c.name);
  return initializer?.kind === 'inline' ? initializer.tensor.data : undefined;
}

describe('a model that was encoded and decoded', () => {
  test('has the same nodes, inputs and outputs', () => {
    const b = new GraphBuilder('layer');
    const x = b.input('x', 'float32', [2, 3]);
    const w = b.constant({ dtype: 'float32', shape: [3, 2], data: [1, 2, 3, 4, 5, 6] });
    const y = b.scope('block', () => b.cast(b.reduceSum(b.matMul(x, w), [1]), 'float64'));
    const graph = b.build([y]);
    const model = roundTrip(graph);
    expect(model.name).toBe('layer');
    expect(model.opsets).toEqual(new Map([['', graph.opsetVersion]]));
    expect(model.inputs).toEqual([{ name: 'x', dtype: 'float32', shape: [2, 3] }]);
    expect(model.outputs).toEqual([{ name: y.name, dtype: 'float64', shape: [2] }]);
    const bare = { metadata: new Map(), unsupportedAttributes: [] };
    expect(model.nodes).toEqual(graph.nodes.map((node) => ({ ...node, ...bare })));
  });

  test('has every kind of attribute', () => {
    const attributes: Attributes = {
      int: int(-1),
      large: int(2 ** 40),
      float: float(0.5),
      text: str('größe'),
      ints: ints([1, -2, 2 ** 40]),
      none: ints([]),
      floats: { type: 'floats', value: [0.25, -2] },
      strings: { type: 'strings', value: ['a', ''] },
      tensor: {
        type: 'tensor',
        value: { dtype: 'float64', shape: [2], data: Float64Array.of(0.1, 3) },
      },
    };
    expect(roundTrip(graphWith(attributes)).nodes[0]?.attributes).toEqual(attributes);
  });

  test('keeps "to the end", the largest int64, the largest', () => {
    const attributes = { end: int(Number(2n ** 63n - 1n)), start: int(Number(-(2n ** 63n))) };
    expect(roundTrip(graphWith(attributes)).nodes[0]?.attributes).toEqual(attributes);
    const data = [2 ** 63, -(2 ** 63), -1, 0];
    expect(constant({ dtype: 'int64', shape: [4], data })).toEqual(data);
  });

  test.each([
    ['float64', Float64Array.of(0.1, -1e300, Number.NaN)],
    ['float32', Float32Array.of(0.1, Number.NEGATIVE_INFINITY, -0)],
    ['float16', [65504, -0.5, 2 ** -24, Number.POSITIVE_INFINITY]],
    ['bfloat16', [1.5, -(2 ** 100), 2 ** -133, 0]],
    ['int32', [2 ** 31 - 1, -(2 ** 31)]],
    ['int16', [-32768, 32767]],
    ['int8', [-128, 127]],
    ['uint8', [0, 255]],
    ['int4', [-8, 7, -1]],
    ['uint4', [0, 15, 8, 1]],
    ['bool', [1, 0, 1]],
  ] as const)('has the same %s constants', (dtype, data) => {
    expect(constant({ dtype, shape: [data.length], data })).toEqual(data);
  });

  test('has scalars and empty tensors', () => {
    expect(constant({ dtype: 'int64', shape: [], data: [7] })).toEqual([7]);
    expect(constant({ dtype: 'float32', shape: [0, 3], data: [] })).toHaveLength(0);
  });

  test('refers to external weights by the same bytes', () => {
    const b = new GraphBuilder('external');
    const offset = 2 ** 33 + 1;
    const ref = {
      file: 'a.safetensors',
      offset,
      length: 12,
      dtype: 'bfloat16',
      shape: [2, 3],
    } as const;
    const w = b.external('w', ref);
    expect(roundTrip(b.build([b.cast(w, 'float32')])).initializers.get('w')).toEqual({
      kind: 'external',
      ref,
    });
  });

  test('refers to a large constant by its place in the model file', () => {
    const b = new GraphBuilder('large');
    const data = Float32Array.from({ length: 5000 }, (_, i) => i);
    const w = b.constant({ dtype: 'float32', shape: [50, 100], data });
    const bytes = encodeModel(b.build([b.neg(w)]));
    const initializer = decodeModel(bytes, 'model.onnx').initializers.get(w.name);
    if (initializer?.kind !== 'external') throw new Error('the constant was kept');
    const { file, offset, length } = initializer.ref;
    expect({ file, length }).toEqual({ file: 'model.onnx', length: 20_000 });
    expect(new Float32Array(bytes.slice(offset, offset + length).buffer)).toEqual(data);
  });

  test('imports the domains it uses', () => {
    const graph = graphWith({});
    const nodes = graph.nodes.map((node) => ({ ...node, domain: 'com.microsoft' }));
    expect(roundTrip({ ...graph, nodes }).opsets).toEqual(
      new Map([
        ['', graph.opsetVersion],
        ['com.microsoft', 1],
      ]),
    );
  });
});

test('counts nodes without decoding them', () => {
  const b = new GraphBuilder('chain');
  let x = b.input('x', 'float32', [2]);
  for (let i = 0; i < 300; i++) x = b.neg(x);
  expect(countNodes(encodeModel(b.build([x])))).toBe(300);
});
