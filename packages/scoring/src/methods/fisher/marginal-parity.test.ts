import { openCheckpoint } from '@layersense/model-source';
import { buildForward, parseModel } from '@layersense/models';
import { encodeModel } from '@layersense/onnx-ir';
import { type ComputeProcess, startComputeProcess } from '@layersense/runtime';
import { buildSensitivityGraph, type SensitivityOptions } from '@layersense/sensitivity';
import {
  largest,
  nonEmpty,
  type ParityCheckpoint,
  parityCheckpoints,
  parityFeeds,
  variantCheckpoints,
} from '@layersense/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

let compute: ComputeProcess;
beforeAll(async () => {
  compute = await startComputeProcess();
});
afterAll(() => compute.close());

/** Tied and not, stored transposed, packed, with experts of their own tensors and of one. */
const kinds = ['llama-tied', 'qwen2-untied', 'gpt2', 'phi3', 'mixtral', 'mixtral-packed'];
const models = [...parityCheckpoints(), ...variantCheckpoints()].filter(({ name }) =>
  kinds.includes(name),
);

/** Leaves about thirty entries of the vocabulary to a chunk. */
const CHUNK_ELEMENTS = 3600;

type Matrix = Readonly<Record<'byOutput' | 'byInput', Float64Array>>;

/** The marginals and shapes of a model's first case, in float64. */
async function marginalsOf(
  { folder, cases }: ParityCheckpoint,
  options: Omit<SensitivityOptions, 'labels'>,
) {
  const [expected] = nonEmpty(cases);
  const { weightsFolder, config, tensors } = await openCheckpoint(folder);
  const shape = { batch: expected.input_ids.length, length: 24 };
  const forward = buildForward(parseModel(config), tensors, shape, { arithmetic: 'float64' });
  const { graph, marginals } = buildSensitivityGraph(forward, {
    labels: 'data',
    marginals: true,
    ...options,
  });
  const session = await compute.openSession(encodeModel(graph), { device: 'cpu', weightsFolder });
  const { outputs } = await session.run(parityFeeds(expected, shape.length, 'float64'));
  await session.release();
  const vector = (name: string) => outputs[name]?.data as Float64Array;
  return new Map(
    marginals.map(({ name, byOutput, byInput }): [string, Matrix] => [
      name,
      { byOutput: vector(byOutput), byInput: vector(byInput) },
    ]),
  );
}

function largestError(actual: Float64Array, expected: Float64Array): number {
  expect(actual).toHaveLength(expected.length);
  const differences = expected.map((value, i) => Math.abs((actual[i] ?? Number.NaN) - value));
  return largest(differences) / (largest(expected) || 1);
}

describe.each(nonEmpty(models))('the marginals of $name', (model) => {
  it('are those of explicit gradients, and add up to the norms of PyTorch', async () => {
    const explicit = await marginalsOf(model, { path: 'explicit' });
    const gram = await marginalsOf(model, { path: 'gram', chunkElements: CHUNK_ELEMENTS });
    expect([...gram.keys()]).toEqual([...explicit.keys()]);
    const [{ gradient_squared_norms: norms, input_ids: rows }] = nonEmpty(model.cases);
    for (const [name, matrix] of nonEmpty(explicit)) {
      for (const over of ['byOutput', 'byInput'] as const) {
        const others = gram.get(name)?.[over] ?? new Float64Array();
        expect(largestError(others, matrix[over]), `${name} ${over}`).toBeLessThan(1e-9);
        const width = matrix[over].length / rows.length;
        for (const n of nonEmpty(rows.keys())) {
          const sum = matrix[over].slice(n * width, (n + 1) * width).reduce((a, b) => a + b, 0);
          const norm = norms[name]?.[n] ?? Number.NaN;
          expect(Math.abs(sum - norm), `${name} ${over}`).toBeLessThan(1e-6 * norm + 1e-20);
        }
      }
    }
  });

  it('are of every matrix, or of all the parts of a packed one', async () => {
    const { tensors, config } = await openCheckpoint(model.folder);
    const forward = buildForward(parseModel(config), tensors, { batch: 1, length: 2 });
    const wanted = forward.parameters.flatMap((name) => {
      const { shape } = forward.builder.value(name);
      const parts = forward.parts.get(name) ?? [];
      if (shape.length < 2) return [];
      return parts.length === 0 ? [name] : parts.map((part) => `${name}[${part.name}]`);
    });
    expect([...(await marginalsOf(model, {})).keys()]).toEqual(wanted);
  });
});
