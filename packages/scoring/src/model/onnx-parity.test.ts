import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { partName } from '@layersense/contracts';
import { buildOnnxForward, parseOnnxModel } from '@layersense/models';
import { decodeModel, encodeModel, type TensorRef } from '@layersense/onnx-ir';
import { type ComputeProcess, startComputeProcess } from '@layersense/runtime';
import {
  buildSensitivityGraph,
  decomposeModel,
  type SensitivityGraph,
} from '@layersense/sensitivity';
import { largestRelativeError, nonEmpty } from '@layersense/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type OnnxCase, OnnxExpected, onnxFeeds } from '../test-support/onnx-feeds.js';

/** Against PyTorch in float64; the arithmetic under test is float32. */
const TOLERANCE = 1e-4;
const LENGTH = 24;
/** Leaves ten entries of the vocabulary to a chunk of five examples. */
const CHUNK_ELEMENTS = 10 * 5 * LENGTH;

const root = fileURLToPath(new URL('../../../testing/fixtures/onnx/', import.meta.url));

/** All but the one whose numbers another test makes. */
const exportsOf = (model: string) =>
  readdirSync(join(root, model)).filter(
    (name) => name.endsWith('.onnx') && name !== 'builder-style-int4.onnx',
  );

const files = nonEmpty(
  readdirSync(root).flatMap((model) => exportsOf(model).map((file) => [model, file] as const)),
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

/** The numbers of the file itself where it has some, otherwise those of all exports of the model. */
function expectedOf(folder: string, file: string): OnnxExpected {
  const own = join(folder, file.replace(/onnx$/, 'expected.json'));
  const path = existsSync(own) ? own : join(folder, 'expected.json');
  return OnnxExpected.parse(JSON.parse(readFileSync(path, 'utf8')));
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

  async function graphOf(parityCase: OnnxCase, chunkElements?: number) {
    const onnx = await open(folder, file);
    const shape = { batch: parityCase.input_ids.length, length: LENGTH };
    const forward = buildOnnxForward(onnx, shape, { encoder: model.startsWith('bert') });
    const scored = decomposeModel(forward);
    const chunked = chunkElements === undefined ? {} : { chunkElements };
    return buildSensitivityGraph(scored, { labels: 'data', ...chunked });
  }

  async function expectParity(
    parityCase: OnnxCase,
    { graph, parameters, lossOutput }: SensitivityGraph,
  ): Promise<void> {
    const session = await compute.openSession(encodeModel(graph), {
      device: 'cpu',
      weightsFolder: folder,
    });
    const { outputs } = await session.run(onnxFeeds(parityCase, LENGTH));
    await session.release();

    const vector = (name: string) => outputs[name]?.data as Float32Array;
    expect(largestRelativeError(vector(lossOutput), parityCase.losses)).toBeLessThan(1e-5);
    const norms = partNorms(parityCase.gradient_squared_norms);
    for (const { name, output } of nonEmpty(parameters)) {
      expect(largestRelativeError(vector(output), norms[name]), name).toBeLessThan(TOLERANCE);
    }
  }

  it.each(nonEmpty(expected.cases))('equals PyTorch in float64: $name', async (parityCase) => {
    await expectParity(parityCase, await graphOf(parityCase));
  });

  // Others store the transpose of their head, whose chunks are no runs of bytes.
  it.runIf(model === 'bert-masked-lm').each(nonEmpty(expected.cases))(
    'equals PyTorch with its head in chunks: $name',
    async (parityCase) => {
      const chunked = await graphOf(parityCase, CHUNK_ELEMENTS);
      const names = [...chunked.graph.initializers.keys()];
      expect(names).toContain('bert.embeddings.word_embeddings.weight[40:48]');
      expect(names).toContain('cls.predictions.bias[48:56]');
      await expectParity(parityCase, chunked);
    },
  );
});

/** Whether the file stores the projections of a layer as one matrix, [q; k; v]. */
function isPacked(model: string, file: string): boolean {
  if (!file.startsWith('genai')) return file.includes('packed');
  // The builder stacks them for GroupQueryAttention, but not where q and k are normed or DirectML runs it.
  return model.startsWith('llama') && !/fp16-(cpu|dml)/.test(file);
}

function packed(shapes: OnnxExpected['shapes']): OnnxExpected['shapes'] {
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

type Norms = OnnxCase['gradient_squared_norms'];

/** The norms of q, k and v also under the names of parts, and their sum as the whole's. */
function partNorms(norms: Norms): Norms {
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
