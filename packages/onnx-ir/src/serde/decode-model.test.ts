import { describe, expect, test } from 'vitest';
import { GraphBuilder } from '../graph/builder.js';
import { GraphError } from '../graph/errors.js';
import { int } from '../graph/graph.js';
import { decodeModel } from './decode-model.js';
import { encodeModel } from './encode-model.js';
import { EXTERNAL, type ModelMessage, modelProto, type TensorMessage } from './onnx-schema.js';

const decode = (bytes: Uint8Array) => decodeModel(bytes, 'model.onnx');
const decodeMessage = (message: ModelMessage) => decode(modelProto.encode(message).finish());

const decodeWeight = (tensor: TensorMessage) =>
  decodeMessage({ graph: { initializer: [{ name: 'w', ...tensor }] } }).initializers.get('w');

const entries = (record: Record<string, string>) =>
  Object.entries(record).map(([key, value]) => ({ key, value }));

/** Deterministic pseudo-random numbers below 2^32 (a linear congruential generator). */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state;
  };
}

function smallModel(): Uint8Array {
  const b = new GraphBuilder('small');
  const x = b.input('x', 'float32', [2, 3]);
  const w = b.external('w', { file: 'w', offset: 3, length: 24, dtype: 'float32', shape: [3, 2] });
  const y = b.op('Softmax', [b.matMul(x, w)], { axis: int(-1) });
  return encodeModel(b.build([b.reduceSum(y, [0])]));
}

describe('what exporters write', () => {
  test('symbolic, unnamed and absent dimensions', () => {
    const shape = { dim: [{ dimParam: 'batch' }, {}, { dimValue: 0 }, { dimValue: 4 }] };
    const { inputs } = decodeMessage({
      graph: {
        input: [
          { name: 'a', type: { tensorType: { elemType: 1, shape } } },
          { name: 'b', type: { tensorType: { elemType: 7, shape: {} } } },
          { name: 'c', type: { tensorType: { elemType: 9 } } },
        ],
      },
    });
    expect(inputs).toEqual([
      { name: 'a', dtype: 'float32', shape: ['batch', '', 0, 4] },
      { name: 'b', dtype: 'int64', shape: [] },
      { name: 'c', dtype: 'bool' },
    ]);
  });

  test('initializers among the inputs', () => {
    const type = { tensorType: { elemType: 1, shape: { dim: [{ dimValue: 1 }] } } };
    const initializer = [{ name: 'w', dims: [1], dataType: 1, floatData: [2] }];
    const input = [
      { name: 'w', type },
      { name: 'x', type },
    ];
    const model = decodeMessage({ graph: { initializer, input } });
    expect(model.inputs.map((value) => value.name)).toEqual(['x']);
  });

  test('names of modules in the metadata of nodes, and the long name of the standard domain', () => {
    const metadataProps = entries({ 'pkg.torch.onnx.name_scopes': "['', 'model']" });
    const model = decodeMessage({
      graph: { node: [{ opType: 'Neg', domain: 'ai.onnx', metadataProps }] },
      opsetImport: [{ domain: 'ai.onnx', version: 20 }],
    });
    expect(model.nodes[0]?.metadata.get('pkg.torch.onnx.name_scopes')).toBe("['', 'model']");
    expect(model.nodes[0]?.domain).toBe('');
    expect(model.opsets).toEqual(new Map([['', 20]]));
  });

  test('attributes this IR has no type for are named, not lost', () => {
    const attribute = [{ name: 'then_branch', type: 5 }];
    const model = decodeMessage({ graph: { node: [{ opType: 'If', attribute }] } });
    expect(model.nodes[0]?.unsupportedAttributes).toEqual(['then_branch']);
  });

  test.each([
    ['float32', { dataType: 1, floatData: [1.5, -2] }, [1.5, -2]],
    ['float64', { dataType: 11, doubleData: [0.1, -2] }, [0.1, -2]],
    ['int64', { dataType: 7, int64Data: [-1, 2 ** 40] }, [-1, 2 ** 40]],
    ['bool', { dataType: 9, int32Data: [1, 0] }, [1, 0]],
    ['float16', { dataType: 10, int32Data: [0x3c00, 0xc000] }, [1, -2]],
    ['bfloat16', { dataType: 16, int32Data: [0x3f80, 0xc000] }, [1, -2]],
  ])('%s elements outside raw data', (dtype, tensor, data) => {
    expect(decodeWeight({ dims: [2], ...tensor })).toEqual({
      kind: 'inline',
      tensor: { dtype, shape: [2], data },
    });
  });

  test.each([
    ['int4', 22, [1, -8, 7, -1]],
    ['uint4', 21, [1, 8, 7, 15]],
  ])('%s elements, two to a byte', (dtype, dataType, [a, b, c, d]) => {
    const bytes = [0x81, 0xf7];
    const inline = (shape: number[], data: unknown[]) => ({ tensor: { dtype, shape, data } });
    const rawData = Uint8Array.from(bytes);
    expect(decodeWeight({ dims: [2, 2], dataType, rawData })).toMatchObject(
      inline([2, 2], [a, b, c, d]),
    );
    expect(decodeWeight({ dims: [3], dataType, int32Data: bytes })).toMatchObject(
      inline([3], [a, b, c]),
    );
    expect(() => decodeWeight({ dims: [5], dataType, rawData })).toThrow('holds 2 bytes');
  });

  test('external data without offset and length', () => {
    const externalData = entries({ location: 'sub/model.onnx_data' });
    const tensor = { dims: [3], dataType: 16, dataLocation: EXTERNAL, externalData };
    expect(decodeWeight(tensor)).toEqual({
      kind: 'external',
      ref: { file: 'sub/model.onnx_data', offset: 0, length: 6, dtype: 'bfloat16', shape: [3] },
    });
  });
});

describe('a wrong file is refused', () => {
  const raw = (dims: number[], length: number): TensorMessage => ({
    dims,
    dataType: 1,
    rawData: new Uint8Array(length),
  });
  const external = (record: Record<string, string>): TensorMessage => ({
    dims: [2],
    dataType: 1,
    dataLocation: EXTERNAL,
    externalData: entries(record),
  });

  test.each([
    ['too few bytes', raw([2], 7), 'tensor w of shape [2] and type float32 holds 7 bytes'],
    ['too many bytes', raw([2], 12), 'holds 12 bytes'],
    ['no data', { dims: [2], dataType: 1 }, 'holds 0 elements'],
    ['a giant shape', raw([2 ** 40, 2 ** 40], 4), 'impossible shape'],
    ['a large shape', raw([2 ** 20, 2 ** 20], 4), 'holds 4 bytes'],
    ['a negative size', raw([-1], 4), 'impossible shape [-1]'],
    ['strings', { dims: [1], dataType: 8 }, 'element type 8'],
    ['an absolute path', external({ location: '/etc/passwd' }), "outside the model's folder"],
    ['a drive', external({ location: 'C:\\w' }), "outside the model's folder"],
    ['a way out', external({ location: 'a/../../w' }), "outside the model's folder"],
    ['no location', external({}), "outside the model's folder"],
    ['a negative offset', external({ location: 'w', offset: '-1' }), 'impossible offset -1'],
    ['a wrong length', external({ location: 'w', length: '9' }), 'takes 8 bytes, not 9'],
  ])('with a weight of %s', (_, tensor, message) => {
    expect(() => decodeWeight(tensor)).toThrow(GraphError);
    expect(() => decodeWeight(tensor)).toThrow(message);
  });

  test('without a graph', () => {
    expect(() => decode(new Uint8Array(0))).toThrow('model.onnx holds no graph');
    expect(() => decodeMessage({ producerName: 'x' })).toThrow('model.onnx holds no graph');
  });

  test('wherever it is cut off', () => {
    const bytes = smallModel();
    const outcomes = Array.from(bytes, (_, length) => outcome(bytes.subarray(0, length)));
    // A cut between two fields of the model leaves a smaller model, which is none of our concern.
    expect(new Set(outcomes)).toEqual(new Set(['GraphError', 'decoded']));
    expect(outcome(bytes.subarray(0, bytes.length / 2))).toBe('GraphError');
  });

  test('whatever bytes are damaged', () => {
    const random = randomNumbers(1);
    const outcomes = Array.from({ length: 3000 }, () => {
      const bytes = smallModel().slice();
      for (let i = 0; i < 3; i++) bytes[random() % bytes.length] = random() & 0xff;
      return outcome(bytes);
    });
    expect(new Set(outcomes)).toEqual(new Set(['GraphError', 'decoded']));
  });

  test('that is noise', () => {
    const random = randomNumbers(2);
    const noise = () => Uint8Array.from({ length: 1 + (random() % 200) }, () => random() & 0xff);
    for (let i = 0; i < 3000; i++) expect(outcome(noise())).toMatch(/GraphError|decoded/);
  });

  test('that is small and would need gigabytes', () => {
    // Field 1 of a graph, an empty node: an object in memory for every two bytes of the file.
    const nodes = new Uint8Array(60_000_000);
    for (let i = 0; i < nodes.length; i += 2) nodes[i] = 0x0a;
    const header = [0x3a, ...varint(nodes.length)];
    const bytes = new Uint8Array(header.length + nodes.length);
    bytes.set(header);
    bytes.set(nodes, header.length);
    const before = process.memoryUsage().heapUsed;
    expect(() => decode(bytes)).toThrow('more than 2000000 fields');
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(50_000_000);
  });

  test('that gives a field the wire type of another, to slip past the count', () => {
    // Tag 0x38: field 7 as a varint, where the graph, a message, is expected.
    expect(() => decode(Uint8Array.of(0x38, 0x02, 0x0a, 0x00))).toThrow('wire type 0');
  });
});

test('five thousand nodes are encoded and decoded', () => {
  const b = new GraphBuilder('chain');
  let x = b.input('x', 'float32', [4, 4]);
  for (let i = 0; i < 5000; i++) x = b.transpose(x, [1, 0]);
  const graph = b.build([x]);
  expect(decode(encodeModel(graph)).nodes).toHaveLength(5000);
});

function outcome(bytes: Uint8Array): string {
  try {
    decode(bytes);
    return 'decoded';
  } catch (error) {
    return error instanceof Error ? error.name : 'thrown';
  }
}

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) + 128, ...varint(Math.floor(value / 128))];
}
