import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { partName } from '@layersense/contracts';
import { buildOnnxForward, parseOnnxModel } from '@layersense/models';
import { decodeModel, encodeModel, type TensorRef } from '@layersense/onnx-ir';
import {
  type ComputeProcess,
  startComputeProcess,
  type TensorData,
  type Tensors,
} from '@layersense/runtime';
import { buildSensitivityGraph, decomposeModel } from '@layersense/sensitivity';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { largestRelativeError } from './test-support/parity-fixtures.js';

/** Against PyTorch in float64; the arithmetic under test is float32. */
const TOLERANCE = 1e-4;
const LENGTH = 24;

const root = fileURLToPath(new URL('../../../packages/testing/fixtures/onnx/', import.meta.url));

const Expected = z.object({
  shapes: z.record(z.string(), z.array(z.number())),
  cases: z.array(
    z.object({
      name: z.string(),
      loss: z.enum(['token-mean', 'sequence-sum', 'masked-token-mean', 'class']),
      input_ids: z.array(z.array(z.number())),
      labels: z.union([z.array(z.number()), z.array(z.array(z.number()))]).optional(),
      losses: z.array(z.number()),
      gradient_squared_norms: z.record(z.string(), z.array(z.number())),
    }),
  ),
});
type Expected = z.infer<typeof Expected>;
type Case = Expected['cases'][number];

/** All but the one whose numbers another test makes. */
const exportsOf = (model: string) =>
  readdirSync(join(root, model)).filter(
    (name) => name.endsWith('.onnx') && name !== 'builder-style-int4.onnx',
  );

const files = readdirSync(root).flatMap((model) =>
  exportsOf(model).map((file) => [model, file] as const),
);

let compute: ComputeProcess;
beforeAll(async () => {
  compute = await startComputeProcess();
});
afterAll(() => compute.close());

function open(folder: string, file: string) {
  const read = async ({ file: name, offset }: TensorRef, start: number, length: number) =>
    readFileSync(join(folder, name)).subarray(offset + start, offset + start + length);
  return parseOnnxModel(decodeModel(readFileSync(join(folder, file)), file), file, read);
}

/** Of what the file computes with, where that is not what all exports of the model have. */
function expectedOf(folder: string, file: string): Expected {
  const own = join(folder, file.replace(/onnx$/, 'expected.json'));
  const path = existsSync(own) ? own : join(folder, 'expected.json');
  return Expected.parse(JSON.parse(readFileSync(path, 'utf8')));
}

describe.each(files)('%s/%s', (model, file) => {
  const folder = join(root, model);
  const expected = expectedOf(folder, file);

  it('has the parameters of the Hugging Face model, by their names and shapes', async () => {
    const { parameters } = await open(folder, file);
    const found = parameters.map(({ name, shape }) => [name, shape] as const);
    const shapes = isPacked(model, file) ? packed(expected.shapes) : expected.shapes;
    expect(Object.fromEntries(found)).toEqual(shapes);
  });

  it.each(expected.cases)('equals PyTorch in float64: $name', async (parityCase) => {
    const onnx = await open(folder, file);
    const shape = { batch: parityCase.input_ids.length, length: LENGTH };
    const forward = buildOnnxForward(onnx, shape, { encoder: model.startsWith('bert') });
    const scored = decomposeModel(forward);
    const { graph, parameters, lossOutput } = buildSensitivityGraph(scored, { labels: 'data' });
    const session = await compute.openSession(encodeModel(graph), {
      device: 'cpu',
      weightsFolder: folder,
    });
    const { outputs } = await session.run(feeds(parityCase));
    await session.release();

    const vector = (name: string) => outputs[name]?.data as Float32Array;
    expect(largestRelativeError(vector(lossOutput), parityCase.losses)).toBeLessThan(1e-5);
    const norms = partNorms(parityCase.gradient_squared_norms);
    for (const { name, output } of parameters) {
      expect(largestRelativeError(vector(output), norms[name] ?? []), name).toBeLessThan(TOLERANCE);
    }
  });
});

/** Whether the file stores the projections of a layer as one matrix, [q; k; v]. */
function isPacked(model: string, file: string): boolean {
  if (!file.startsWith('genai')) return file.includes('packed');
  // The builder stacks them for GroupQueryAttention, but not where q and k are normed or DirectML runs it.
  return model.startsWith('llama') && !/fp16-(cpu|dml)/.test(file);
}

function packed(shapes: Expected['shapes']): Expected['shapes'] {
  const rows = (name: string) => shapes[name]?.[0] ?? 0;
  const entries = Object.entries(shapes).flatMap(([name, shape]): [string, number[]][] => {
    if (/[kv]_proj/.test(name)) return [];
    if (!name.includes('q_proj')) return [[name, shape]];
    const named = (projection: string) => name.replace('q_proj', projection);
    const stacked = rows(name) + rows(named('k_proj')) + rows(named('v_proj'));
    return [[named('qkv_proj'), [stacked, shape[1] ?? 0]]];
  });
  return Object.fromEntries(entries);
}

/** The norms of q, k and v also under the names of parts, and their sum as the whole's. */
function partNorms(norms: Case['gradient_squared_norms']): Case['gradient_squared_norms'] {
  const parts = Object.entries(norms).flatMap(([name, values]): [string, string, number[]][] => {
    const [, letter = ''] = /\.([qkv])_proj\./.exec(name) ?? [];
    const whole = name.replace(`${letter}_proj`, 'qkv_proj');
    return letter === '' ? [] : [[partName(whole, letter), whole, values]];
  });
  const wholes = new Map<string, number[]>();
  for (const [, whole, values] of parts) {
    wholes.set(
      whole,
      values.map((value, i) => value + (wholes.get(whole)?.[i] ?? 0)),
    );
  }
  const named = parts.map(([part, , values]) => [part, values] as const);
  return { ...norms, ...Object.fromEntries(named), ...Object.fromEntries(wholes) };
}

function feeds(parityCase: Case): Tensors {
  const { input_ids: examples, loss } = parityCase;
  const tokens = int64([examples.length, LENGTH]);
  const mask = int64([examples.length, LENGTH]);
  const segments = int64([examples.length, LENGTH]);
  examples.forEach((ids, example) => {
    tokens.data.set(ids.map(BigInt), example * LENGTH);
    mask.data.fill(1n, example * LENGTH, example * LENGTH + ids.length);
  });
  const encoder = loss === 'class' || loss === 'masked-token-mean';
  return {
    input_ids: tokens,
    ...(encoder ? { attention_mask: mask, token_type_ids: segments } : {}),
    ...labelsOf(parityCase),
  };
}

function labelsOf({ input_ids: examples, loss, labels: given }: Case): Tensors {
  const length = loss === 'class' ? 1 : LENGTH;
  const rows = examples.length * length;
  const labels = int64([rows]);
  const weights = new Float32Array(rows);
  examples.forEach((ids, example) => {
    const label = given?.[example];
    const targets =
      label === undefined ? ids.slice(1) : typeof label === 'number' ? [label] : label;
    const scored = targets.filter((target) => target >= 0).length;
    targets.forEach((target, i) => {
      if (target < 0) return;
      labels.data[example * length + i] = BigInt(target);
      weights[example * length + i] = loss === 'sequence-sum' ? 1 : 1 / scored;
    });
  });
  return { labels, loss_weights: { dtype: 'float32', shape: [rows], data: weights } };
}

function int64(shape: readonly number[]): Extract<TensorData, { dtype: 'int64' }> {
  const size = shape.reduce((product, dimension) => product * dimension, 1);
  return { dtype: 'int64', shape, data: new BigInt64Array(size) };
}
