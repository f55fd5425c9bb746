import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { JobSpec, type ScoreReport } from '@layersense/contracts';
import { hubSettingsFromEnvironment } from '@layersense/model-source';
import {
  buildOnnxForward,
  dequantizedValues,
  type OnnxParameter,
  parseOnnxModel,
  type ReadStored,
} from '@layersense/models';
import { type DecodedModel, type DecodedNode, decodeModel, encodeModel } from '@layersense/onnx-ir';
import { type ComputeProcess, startComputeProcess } from '@layersense/runtime';
import { buildSensitivityGraph, decomposeModel } from '@layersense/sensitivity';
import {
  largest,
  largestRelativeError,
  nonEmpty,
  parityFeeds,
  perExampleOf,
} from '@layersense/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { noFinishedBatches } from '../job-services.js';
import { runSensitivityJob } from '../run-sensitivity-job.js';
import {
  type Blocks,
  blocks,
  elements,
  fourBits,
  inline,
  intOf,
  type Linear,
  linear,
  withIntegersIn,
  withWeights,
  writtenOut,
} from '../test-support/quantized-model.js';

const folder = fileURLToPath(new URL('../../../testing/fixtures/onnx/llama/', import.meta.url));
const examples = [
  [3, 14, 15, 9, 26, 5, 35],
  [8, 9, 7, 9, 32, 38, 46, 26, 43, 3, 2],
  [27, 18, 28],
];
const LENGTH = 12;

let compute: ComputeProcess;
let scratch: string;
beforeAll(async () => {
  compute = await startComputeProcess();
  scratch = await mkdtemp(join(tmpdir(), 'layersense-quantized-'));
});
afterAll(async () => {
  await compute.close();
  await rm(scratch, { recursive: true });
});

const decoded = (file: string): DecodedModel =>
  decodeModel(readFileSync(join(folder, `${file}.onnx`)), `${file}.onnx`);

const nothingElsewhere = () => Promise.reject(new Error('everything is in the file'));

/** Reads from the files that a test has written. */
const readScratch: ReadStored = async ({ file, offset }, start, length) =>
  readFileSync(join(scratch, file)).subarray(offset + start, offset + start + length);

/** ‖gₙ‖² by parameter, of the examples above. */
async function normsOf(
  model: DecodedModel,
  weightsFolder = folder,
): Promise<ReadonlyMap<string, Float32Array>> {
  const onnx = await parseOnnxModel(model, 'model.onnx', readScratch);
  const forward = buildOnnxForward(onnx, { batch: examples.length, length: LENGTH });
  const { graph, parameters } = buildSensitivityGraph(decomposeModel(forward), { labels: 'data' });
  const session = await compute.openSession(encodeModel(graph), {
    device: 'cpu',
    weightsFolder,
  });
  const feeds = parityFeeds({ input_ids: examples, loss: 'token-mean' }, LENGTH, 'float32');
  const { outputs } = await session.run(feeds);
  await session.release();
  return new Map(
    parameters.map(({ name, output }) => [name, outputs[output]?.data as Float32Array]),
  );
}

function expectSame(
  actual: ReadonlyMap<string, ArrayLike<number>>,
  reference: ReadonlyMap<string, ArrayLike<number>>,
): void {
  expect([...actual.keys()].sort()).toEqual([...reference.keys()].sort());
  for (const [name, norms] of nonEmpty(reference)) {
    expect(largest(Array.from(norms)), name).toBeGreaterThan(0);
    expect(largestRelativeError(actual.get(name), Array.from(norms)), name).toBeLessThan(1e-5);
  }
}

describe('a builder-style file of 4-bit weights', () => {
  it('has the norms of the same file with its weights written out', async () => {
    const quantised = decoded('builder-style-int4');
    const reference = await normsOf(writtenOut(quantised));
    expectSame(await normsOf(quantised), reference);
    expect([...reference.keys()]).toContain('model.layers.0.self_attn.q_proj.weight');
    // The head is quantised like the embedding it is tied to: one parameter, as in the float file.
    expect([...reference.keys()]).not.toContain('lm_head.weight');
  });

  const config = { model_type: 'llama', architectures: ['LlamaForCausalLM'] };
  const score = (job: object): Promise<ScoreReport> => {
    const path = join(scratch, 'model.onnx');
    cpSync(join(folder, 'builder-style-int4.onnx'), path);
    writeFileSync(join(scratch, 'config.json'), JSON.stringify(config));
    const services = {
      allowedRoots: [scratch],
      hub: hubSettingsFromEnvironment({ HF_HUB_OFFLINE: '1', HF_HOME: scratch }),
      report: () => undefined,
      finishedBatches: noFinishedBatches,
    };
    const spec = JobSpec.parse({ model: scratch, device: 'cpu', ...job });
    return runSensitivityJob(spec, services, new AbortController().signal);
  };

  it.each(['whole', 'checkpointed', 'streamed'])('is a job like any other, %s', async (plan) => {
    const dataset = join(scratch, 'examples.jsonl');
    writeFileSync(dataset, examples.map((ids) => JSON.stringify({ input_ids: ids })).join('\n'));
    const params = { examples: examples.length, plan, batch_size: 2 };
    const report = await score({ method: 'fisher', dataset, params });
    const { run, scores } = report;
    const order = run.dataset?.indices ?? [];
    const reference = await normsOf(writtenOut(decoded('builder-style-int4')));
    const inOrder = new Map(
      [...reference].map(([name, norms]) => [name, order.map((row) => norms[row] ?? Number.NaN)]),
    );
    const found = [...perExampleOf(report)].map(
      ([name, norms]) => [name, [...norms.values()]] as const,
    );
    expectSame(new Map(found), inOrder);
    expect(run.definition).toContain('W is the dequantised matrix');
    expect(run.model.dtype).toBe('float32, int4');
    const table = scores.find(({ parameter }) => parameter === 'model.embed_tokens.weight');
    expect(table?.shape).toEqual([56, 16]);
  });

  it('has the magnitude of its dequantised weights', async () => {
    const { run, scores } = await score({ method: 'magnitude' });
    const model = decoded('builder-style-int4');
    expect(scores).toHaveLength(20);
    expect(run.definition).toContain('(q − zero point)·scale');
    for (const node of nonEmpty(model.nodes.filter(({ opType }) => opType === 'MatMulNBits'))) {
      const [, integers = '', scales = ''] = node.inputs;
      const matrix = fourBits(model, integers, scales, intOf(node, 'N'), intOf(node, 'K'));
      const values = elements(matrix.rows, matrix.columns, matrix.at);
      const name = integers
        .replace('.attn.', '.self_attn.')
        .replace('.MatMul.weight_Q4G16', '.weight');
      const parameter = name === 'lm_head.weight' ? 'model.embed_tokens.weight' : name;
      const found = scores.find((each) => each.parameter === parameter);
      expect(found?.values.l1, parameter).toBeCloseTo(
        values.reduce((sum, x) => sum + Math.abs(x), 0),
        6,
      );
      expect(found?.values.max_abs).toBe(largest(values.map(Math.abs)));
    }
  });
});

/** The values that magnitude measures are those of the float file, whichever way round it holds them. */
async function expectValues(quantised: DecodedModel, reference: DecodedModel): Promise<void> {
  const open = (model: DecodedModel) => parseOnnxModel(model, 'model.onnx', readScratch);
  const floats = new Map((await open(reference)).parameters.map((each) => [each.name, each]));
  const found = (await open(quantised)).parameters;
  const shapesOf = (all: readonly OnnxParameter[]) =>
    all.map(({ name, shape }) => ({ name, shape }));
  expect(shapesOf([...floats.values()])).toEqual(expect.arrayContaining(shapesOf(found)));
  const codes = found.flatMap(({ stored, ...others }) =>
    stored.kind === 'quantized' ? [{ stored, ...others }] : [],
  );
  expect(codes.length).toBeGreaterThan(7);
  for (const { name, stored, transposed } of codes) {
    const other = floats.get(name);
    if (other?.stored.kind !== 'inline') throw new Error(`${name} is not in the float file`);
    const values: number[] = [];
    for await (const piece of dequantizedValues(stored, readScratch)) values.push(...piece);
    const { data } = other.stored.tensor;
    const [rows = 0, columns = 0] = other.stored.tensor.shape;
    const expected =
      transposed === other.transposed
        ? Array.from(data)
        : elements(columns, rows, (row, column) => data[column * columns + row] ?? Number.NaN);
    expect(values, name).toEqual(expected);
  }
}

describe('quantised weights have the norms of what they stand for', () => {
  it.each<[string, string, Blocks]>([
    ['4 bits, packed qkv', 'builder-style-packed', { bits: 4, zeros: 'none', bias: false }],
    ['4 bits, packed zero points', 'builder-style', { bits: 4, zeros: 'packed', bias: false }],
    [
      '4 bits, zero points as numbers, packed qkv',
      'builder-style-packed',
      { bits: 4, zeros: 'numbers', bias: false },
    ],
    ['8 bits, zero points', 'builder-style', { bits: 8, zeros: 'packed', bias: false }],
    ['2 bits', 'builder-style', { bits: 2, zeros: 'none', bias: false }],
    ['4 bits, bias', 'builder-style', { bits: 4, zeros: 'none', bias: true }],
  ])('MatMulNBits, %s', async (_, file, scheme) => {
    const { quantised, reference } = withWeights(decoded(file), blocks(scheme));
    const norms = await normsOf(quantised);
    expectSame(norms, await normsOf(reference));
    await expectValues(quantised, reference);
    const parts = [...norms.keys()].filter((name) => name.endsWith('[q]'));
    expect(parts).toHaveLength(file.includes('packed') ? 2 : 0);
    expect(norms.has('model.layers.0.self_attn.q_proj.bias')).toBe(scheme.bias);
  });

  it.each<[string, Linear]>([
    ['one scale', { dtype: 'int8', scales: 'one', zeros: false }],
    ['a scale for each output', { dtype: 'int8', scales: 'columns', zeros: true }],
    ['a scale for each input', { dtype: 'uint8', scales: 'rows', zeros: true }],
    ['blocks', { dtype: 'uint8', scales: 'blocks', zeros: true }],
    ['one scale of 4 bits', { dtype: 'uint4', scales: 'one', zeros: true }],
    ['a scale for each output, 4 bits', { dtype: 'int4', scales: 'columns', zeros: true }],
    ['a scale for each input, 4 bits', { dtype: 'uint4', scales: 'rows', zeros: true }],
    ['blocks of 4 bits', { dtype: 'int4', scales: 'blocks', zeros: false }],
    ['blocks of 4 bits, zero points', { dtype: 'uint4', scales: 'blocks', zeros: true }],
  ])('DequantizeLinear, %s', async (_, scheme) => {
    // The first opset with elements of 4 bits.
    const float = { ...decoded('builder-style'), opsets: new Map([['', 21]]) };
    const { quantised, reference } = withWeights(float, linear(scheme));
    const norms = await normsOf(reference);
    expectSame(await normsOf(quantised), norms);
    await expectValues(quantised, reference);

    const moved = withIntegersIn('integers.bin', quantised);
    writeFileSync(join(scratch, 'integers.bin'), moved.bytes);
    expectSame(await normsOf(moved.model, scratch), norms);
    await expectValues(moved.model, reference);
  });
});

describe('what has no score', () => {
  const first = decoded('builder-style').nodes.find(({ opType }) => opType === 'MatMul');
  const refused = (change: (node: DecodedNode) => readonly DecodedNode[]) => {
    const model = decoded('builder-style');
    const nodes = model.nodes.flatMap((node) =>
      node.name === first?.name ? change(node) : [node],
    );
    return parseOnnxModel({ ...model, nodes }, 'model.onnx', nothingElsewhere);
  };
  const withInputs = (node: DecodedNode, opType: string, inputs: readonly string[]) => ({
    ...node,
    opType,
    inputs,
  });

  it.each(['DynamicQuantizeLinear', 'MatMulInteger', 'QLinearMatMul', 'QuantizeLinear'])(
    'activations that are rounded: %s',
    async (opType) => {
      const refusal = refused((node) => [withInputs(node, opType, node.inputs)]);
      await expect(refusal).rejects.toMatchObject({
        code: 'dtype_unsupported',
        context: { operators: [opType], nodes: [first?.name] },
        message: expect.stringMatching(
          /rounds activations.*score the model before it is quantised/,
        ),
      });
    },
  );

  it('activations that are dequantised', async () => {
    const refusal = refused((node) => [
      withInputs(node, 'DequantizeLinear', [node.inputs[0] ?? '', 'cos_cache']),
    ]);
    await expect(refusal).rejects.toMatchObject({
      code: 'dtype_unsupported',
      context: { nodes: [first?.name] },
      message: expect.stringContaining('dequantises what is computed'),
    });
  });

  it('columns in another order', async () => {
    const { quantised } = withWeights(
      decoded('builder-style'),
      blocks({ bits: 4, zeros: 'none', bias: false }),
    );
    const nodes = quantised.nodes.map((node) =>
      node.opType === 'MatMulNBits'
        ? { ...node, inputs: [...node.inputs.slice(0, 4), 'g_idx'] }
        : node,
    );
    const refusal = parseOnnxModel(
      {
        ...quantised,
        nodes,
        initializers: new Map([...quantised.initializers, ['g_idx', inline('int32', [1], [0])]]),
      },
      'model.onnx',
      nothingElsewhere,
    );
    await expect(refusal).rejects.toMatchObject({
      code: 'dtype_unsupported',
      message: expect.stringContaining('g_idx'),
    });
  });
});
