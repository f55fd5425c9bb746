import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { LayersenseError } from '@layersense/contracts';
import {
  type Attributes,
  type DecodedModel,
  type DecodedNode,
  decodeModel,
  GraphError,
  type Initializer,
  int,
  ints,
  type TensorRef,
} from '@layersense/onnx-ir';
import { describe, expect, it } from 'vitest';
import { buildOnnxForward } from './build-onnx-forward.js';
import { parseOnnxModel } from './onnx-model.js';

const fixture = (name: string) =>
  readFileSync(
    fileURLToPath(new URL(`../../../testing/fixtures/onnx/${name}.onnx`, import.meta.url)),
  );

const noReads = () => Promise.reject(new Error('nothing is stored elsewhere'));

function readFrom(bytes: Uint8Array) {
  return (ref: TensorRef, start: number, length: number) =>
    Promise.resolve(bytes.subarray(ref.offset + start, ref.offset + start + length));
}

const shape = { batch: 2, length: 5 };

interface NodeParts {
  readonly attributes?: Attributes;
  readonly domain?: string;
  readonly name?: string;
  readonly scopes?: readonly string[];
}

function node(
  opType: string,
  inputs: readonly string[],
  outputs: readonly string[],
  { attributes = {}, domain = '', name = outputs[0] ?? '', scopes }: NodeParts = {},
): DecodedNode {
  const list = `[${scopes?.map((scope) => `'${scope}'`).join(', ')}]`;
  const metadata = new Map(scopes ? [['pkg.torch.onnx.name_scopes', list]] : []);
  return { opType, inputs, outputs, attributes, domain, name, metadata, unsupportedAttributes: [] };
}

function matrix(rows: number, columns: number, value: (i: number) => number): Initializer {
  const data = Array.from({ length: rows * columns }, (_, i) => value(i));
  return { kind: 'inline', tensor: { dtype: 'float32', shape: [rows, columns], data } };
}

function vector(values: readonly number[]): Initializer {
  return { kind: 'inline', tensor: { dtype: 'float32', shape: [values.length], data: values } };
}

const tokens = { name: 'input_ids', dtype: 'int64', shape: ['batch', 'sequence'] } as const;
const logits = { name: 'logits', dtype: 'float32' } as const;
const wave = (i: number) => Math.sin(i + 1);

/** An embedding and a head, [7, 3] and [3, 7]. */
function model(overrides: Partial<DecodedModel> = {}): DecodedModel {
  return {
    name: 'main',
    irVersion: 8,
    producer: 'test',
    opsets: new Map([['', 17]]),
    metadata: new Map(),
    inputs: [tokens],
    outputs: [logits],
    nodes: [
      node('Gather', ['model.embed.weight', 'input_ids'], ['x']),
      node('MatMul', ['x', 'onnx::MatMul_1'], ['logits'], { name: '/head/MatMul' }),
    ],
    initializers: new Map([
      ['model.embed.weight', matrix(7, 3, wave)],
      ['onnx::MatMul_1', matrix(3, 7, (i) => Math.cos(i))],
    ]),
    ...overrides,
  };
}

const parse = (decoded: DecodedModel) => parseOnnxModel(decoded, 'model.onnx', noReads);
const parametersOf = async (decoded: DecodedModel) =>
  (await parse(decoded)).parameters.map(({ name, shape: held }) => [name, held] as const);

describe('the parameters of a file', () => {
  it('are named by the node path where the exporter made up a name', async () => {
    expect(await parametersOf(model())).toEqual([
      ['model.embed.weight', [7, 3]],
      ['head.weight', [7, 3]],
    ]);
  });

  it('are one where the head holds the transposed embedding', async () => {
    const table = matrix(7, 3, wave);
    const turned = matrix(3, 7, (i) => wave((i % 7) * 3 + Math.floor(i / 7)));
    const tied = model({
      initializers: new Map([
        ['model.embed.weight', table],
        ['onnx::MatMul_1', turned],
      ]),
    });
    expect(await parametersOf(tied)).toEqual([['model.embed.weight', [7, 3]]]);
    const { builder, parameters } = buildOnnxForward(await parse(tied), shape);
    expect(parameters).toEqual(['model.embed.weight']);
    expect(builder.nodes.map(({ opType }) => opType)).toContain('Gemm');
  });

  const twoNorms = (values: readonly number[]) =>
    model({
      nodes: [
        node('Gather', ['model.embed.weight', 'input_ids'], ['x']),
        node('Mul', ['a.norm.weight', 'x'], ['y'], { scopes: ['', 'a', 'a.norm', 'mul'] }),
        node('Mul', ['a.norm.weight', 'y'], ['z'], { scopes: ['', 'b', 'b.norm', 'mul_1'] }),
        node('MatMul', ['z', 'head.weight'], ['logits']),
      ],
      initializers: new Map([
        ['model.embed.weight', matrix(7, 3, wave)],
        ['a.norm.weight', vector(values)],
        ['head.weight', matrix(3, 7, Math.cos)],
      ]),
    });

  it('stay apart where two modules have the same ones or zeros, which are stored once', async () => {
    const names = (await parametersOf(twoNorms([1, 1, 1]))).map(([name]) => name);
    expect(names).toEqual(['model.embed.weight', 'a.norm.weight', 'b.norm.weight', 'head.weight']);
    const forward = buildOnnxForward(await parse(twoNorms([1, 1, 1])), shape);
    expect(forward.parameters).toEqual(names);
  });

  it('are one where two modules share any other tensor', async () => {
    const names = (await parametersOf(twoNorms([1, 2, 1]))).map(([name]) => name);
    expect(names).toEqual(['model.embed.weight', 'a.norm.weight', 'head.weight']);
  });

  it('do not include what positions are computed from', async () => {
    const rotary = model({
      nodes: [
        node('Shape', ['input_ids'], ['shape']),
        node('Gather', ['shape', 'one'], ['length']),
        node('Range', ['zero', 'length', 'one'], ['positions']),
        node('Cast', ['positions'], ['p'], { attributes: { to: int(1) } }),
        node('Unsqueeze', ['p', 'axes'], ['column']),
        node('Mul', ['column', 'val_3'], ['angles']),
        node('Gather', ['model.embed.weight', 'input_ids'], ['x']),
        node('Add', ['x', 'angles'], ['y']),
        node('MatMul', ['y', 'head.weight'], ['logits']),
      ],
      initializers: new Map<string, Initializer>([
        ['model.embed.weight', matrix(7, 3, wave)],
        ['head.weight', matrix(3, 7, Math.cos)],
        ['val_3', vector([1, 0.1, 0.01])],
        ['zero', { kind: 'inline', tensor: { dtype: 'int64', shape: [], data: [0] } }],
        ['one', { kind: 'inline', tensor: { dtype: 'int64', shape: [], data: [1] } }],
        ['axes', { kind: 'inline', tensor: { dtype: 'int64', shape: [1], data: [1] } }],
      ]),
    });
    expect((await parametersOf(rotary)).map(([name]) => name)).toEqual([
      'model.embed.weight',
      'head.weight',
    ]);
  });
});

describe('a graph for one batch shape', () => {
  it.each(['llama/torchscript-17-past', 'gpt2/dynamo-20', 'qwen3/torchscript-17'])(
    'holds nothing that follows from shapes: %s',
    async (name) => {
      const bytes = fixture(name);
      const parsed = await parseOnnxModel(
        decodeModel(bytes, 'model.onnx'),
        'model.onnx',
        readFrom(bytes),
      );
      const { builder, logits: output } = buildOnnxForward(parsed, shape);
      const { nodes, inputs } = builder.build([output]);
      const operators = new Set(nodes.map(({ opType }) => opType));
      for (const folded of ['Shape', 'Range', 'ConstantOfShape', 'Equal', 'Identity']) {
        expect(operators).not.toContain(folded);
      }
      expect(inputs.map((input) => input.name)).toEqual(['input_ids']);
      expect(output.shape).toEqual([10, 56]);
    },
  );

  it('takes the attention mask as an input where padding must be hidden', async () => {
    const bytes = fixture('bert-classifier/dynamo-20');
    const decoded = decodeModel(bytes, 'model.onnx');
    const parsed = await parseOnnxModel(decoded, 'model.onnx', readFrom(bytes));
    const forward = buildOnnxForward(parsed, shape, { encoder: true });
    const names = forward.builder.inputs.map(({ name }) => name);
    expect(names).toEqual(['input_ids', 'attention_mask', 'token_type_ids']);
    expect(forward.logits.shape).toEqual([2, 3]);
  });

  it('computes in float32 whatever the file computes in', async () => {
    const bytes = fixture('llama/torchscript-17-float16');
    const decoded = decodeModel(bytes, 'model.onnx');
    const parsed = await parseOnnxModel(decoded, 'model.onnx', readFrom(bytes));
    const { builder, logits: output } = buildOnnxForward(parsed, shape);
    const made = new Set(builder.nodes.flatMap(({ outputs }) => outputs));
    const types = [...made].map((name) => builder.value(name).dtype);
    expect(new Set(types)).not.toContain('float16');
    expect(output.dtype).toBe('float32');
  });
});

describe('what is refused', () => {
  const rejected = (decoded: DecodedModel) =>
    parse(decoded).then((parsed) => Promise.resolve().then(() => buildOnnxForward(parsed, shape)));
  const through = (operator: DecodedNode) =>
    model({
      nodes: [
        node('Gather', ['model.embed.weight', 'input_ids'], ['x']),
        operator,
        node('MatMul', ['y', 'onnx::MatMul_1'], ['logits'], { name: '/head/MatMul' }),
      ],
    });

  it.each([
    [
      'control flow',
      through(node('If', ['x'], ['y'])),
      'unsupported_operator',
      /branches or loops/,
    ],
    [
      'an optimised graph',
      through(node('FusedMatMul', ['x', 'x'], ['y'], { domain: 'com.microsoft' })),
      'unsupported_operator',
      /already optimised/,
    ],
    [
      'integer weights',
      through(node('MatMulNBits', ['x'], ['y'], { domain: 'com.microsoft' })),
      'dtype_unsupported',
      /before it is quantised/,
    ],
    [
      'an unknown operator',
      through(node('Bernoulli', ['x'], ['y'])),
      'unsupported_operator',
      /Bernoulli \(y\)/,
    ],
    ['an old opset', model({ opsets: new Map([['', 11]]) }), 'unsupported_operator', /opset 11/],
    ['no logits', model({ outputs: [] }), 'model_type_unsupported', /no output named logits/],
    [
      'images',
      model({ inputs: [tokens, { name: 'pixel_values', dtype: 'float32' }] }),
      'model_type_unsupported',
      /pixel_values/,
    ],
    [
      'a fixed batch',
      model({ inputs: [{ ...tokens, shape: [1, 'sequence'] }] }),
      'tensor_mismatch',
      /dynamic batch/,
    ],
    [
      'a cache of fixed length',
      model({
        inputs: [
          tokens,
          { name: 'past_key_values.0.key', dtype: 'float32', shape: ['batch', 2, 16, 8] },
        ],
      }),
      'tensor_mismatch',
      /without past_key_values/,
    ],
    [
      'a cache whose keys and values disagree',
      model({
        inputs: [
          tokens,
          { name: 'past_key_values.0.key', dtype: 'float32', shape: ['batch', 2, 'past', 8] },
          { name: 'past_key_values.0.value', dtype: 'float32', shape: ['batch', 3, 'past', 8] },
        ],
      }),
      'tensor_mismatch',
      /caches of model\.onnx disagree: past_key_values\.0\.key has the shape \[batch, 2, past, 8\], and past_key_values\.0\.value.*without past_key_values/,
    ],
    [
      'a cache that the model would give back in another shape',
      model({
        inputs: [tokens, { name: 'past.0.key', dtype: 'float32', shape: ['batch', 2, 'past', 8] }],
        outputs: [
          { name: 'logits', dtype: 'float32' },
          { name: 'present.0.key', dtype: 'float32', shape: ['batch', 2, 'total', 16] },
        ],
      }),
      'tensor_mismatch',
      /disagree.*present\.0\.key/,
    ],
    [
      'logits of the last token',
      model({
        nodes: [
          node('Gather', ['model.embed.weight', 'input_ids'], ['x']),
          node('ReduceSum', ['x', 'axes'], ['last'], { attributes: { keepdims: int(1) } }),
          node('MatMul', ['last', 'onnx::MatMul_1'], ['logits'], { name: '/head/MatMul' }),
        ],
        initializers: new Map<string, Initializer>([
          ...model().initializers,
          ['axes', { kind: 'inline', tensor: { dtype: 'int64', shape: [1], data: [1] } }],
        ]),
      }),
      'tensor_mismatch',
      /last token alone/,
    ],
    [
      'shapes that do not fit',
      through(node('Transpose', ['x'], ['y'], { attributes: { perm: ints([0, 2, 1]) } })),
      'checkpoint_invalid',
      /MatMul/,
    ],
    [
      'nodes out of order',
      model({ nodes: model().nodes.toReversed() }),
      'checkpoint_invalid',
      /before it exists/,
    ],
    [
      'no weights',
      model({ nodes: [node('Cast', ['input_ids'], ['logits'], { attributes: { to: int(1) } })] }),
      'checkpoint_missing',
      /no weight/,
    ],
  ] as const)('%s', async (_, decoded, code, message) => {
    const refusal = rejected(decoded);
    await expect(refusal).rejects.toMatchObject({ code });
    await expect(refusal).rejects.toThrow(message);
  });

  it('every unknown operator at once, with its nodes and what to export instead', async () => {
    const refusal = rejected(
      model({
        nodes: [
          node('Gather', ['model.embed.weight', 'input_ids'], ['x']),
          node('Bernoulli', ['x'], ['a'], { name: 'first' }),
          node('GridSample', ['a'], ['b'], { name: 'second' }),
          node('Bernoulli', ['b'], ['y'], { name: 'third' }),
          node('MatMul', ['y', 'onnx::MatMul_1'], ['logits'], { name: '/head/MatMul' }),
        ],
      }),
    );
    await expect(refusal).rejects.toMatchObject({
      code: 'unsupported_operator',
      message: expect.stringMatching(
        /Bernoulli \(first, third\), GridSample \(second\)\. Export the model with torch\.onnx\.export or optimum/,
      ),
      context: { operators: ['Bernoulli', 'GridSample'], nodes: ['first', 'second', 'third'] },
    });
  });

  it('a cache that does not fit the keys it would stand before', async () => {
    const bytes = fixture('llama/torchscript-17-past');
    const decoded = decodeModel(bytes, 'model.onnx');
    const inputs = decoded.inputs.map((input) =>
      input.name.startsWith('past') ? { ...input, shape: ['batch_size', 5, 'past', 16] } : input,
    );
    const parsed = await parseOnnxModel(
      { ...decoded, inputs, outputs: decoded.outputs.slice(0, 1) },
      'model.onnx',
      readFrom(bytes),
    );
    expect(() => buildOnnxForward(parsed, shape)).toThrow(
      expect.objectContaining({
        code: 'tensor_mismatch',
        message: expect.stringContaining('cannot be put before [2, 2, 5, 16]'),
      }),
    );
  });

  it('a sequence longer than the table of positions', async () => {
    const bytes = fixture('gpt2/torchscript-17');
    const decoded = decodeModel(bytes, 'model.onnx');
    const parsed = await parseOnnxModel(decoded, 'model.onnx', readFrom(bytes));
    expect(() => buildOnnxForward(parsed, { batch: 1, length: 33 })).toThrow(
      expect.objectContaining({ code: 'sequence_too_long' }),
    );
  });
});

/** Deterministic pseudo-random numbers below 2^32 (a linear congruential generator). */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state;
  };
}

describe('hostile files', () => {
  it.each([
    'llama/dynamo-23',
    'llama/torchscript-17-past',
    'bert-masked-lm/dynamo-20',
    'llama/builder-style-packed',
  ])('end in a coded error or in a graph: %s, damaged 300 times', async (name) => {
    const intact = fixture(name);
    const random = randomNumbers(7);
    let refused = 0;
    for (let round = 0; round < 300; round++) {
      const bytes = Uint8Array.from(intact);
      for (let i = 0; i < 1 + (round % 8); i++) bytes[random() % bytes.length] = random() & 0xff;
      const error = await attempt(bytes).catch((reason: unknown) => reason);
      if (error !== undefined) refused += 1;
      const coded = error instanceof LayersenseError || error instanceof GraphError;
      expect(error === undefined || coded, `round ${round}: ${String(error)}`).toBe(true);
    }
    expect(refused).toBeGreaterThan(0);
  });
});

async function attempt(bytes: Uint8Array): Promise<undefined> {
  const decoded = decodeModel(bytes, 'model.onnx');
  const parsed = await parseOnnxModel(decoded, 'model.onnx', readFrom(bytes));
  const { builder, logits: output } = buildOnnxForward(parsed, shape);
  builder.build([output]);
}
