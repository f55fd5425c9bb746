import { openCheckpoint } from '@layersense/model-source';
import { type Arithmetic, buildForward, parseModel } from '@layersense/models';
import { encodeModel } from '@layersense/onnx-ir';
import { type ComputeProcess, startComputeProcess, type Tensors } from '@layersense/runtime';
import { buildSensitivityGraph, type NormPath } from '@layersense/sensitivity';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  largestRelativeError,
  type ParityCase,
  parityCheckpoints,
} from './test-support/parity-fixtures.js';

let compute: ComputeProcess;
beforeAll(async () => {
  compute = await startComputeProcess();
});
afterAll(() => compute.close());

/** The cheaper path is taken per weight; here each is forced, so that both face PyTorch. */
const variants: readonly (readonly [NormPath, Arithmetic, number])[] = [
  ['gram', 'float32', 1e-4],
  ['explicit', 'float32', 1e-4],
  // Not exact: rotary tables are rounded to float32, as transformers does when a model is run.
  ['gram', 'float64', 1e-6],
];

describe.each(parityCheckpoints())('$name', ({ folder, cases }) => {
  it.each(variants)('equals PyTorch by the %s path in %s', async (path, arithmetic, tolerance) => {
    const checkpoint = await openCheckpoint(folder);
    const model = parseModel(checkpoint.config);
    for (const expected of cases) {
      const shape = { batch: expected.input_ids.length, length: 24 };
      const forward = buildForward(model, checkpoint.tensors, shape, arithmetic);
      const { graph, parameters } = buildSensitivityGraph(forward, { labels: 'data', path });
      const session = await compute.openSession(encodeModel(graph), {
        device: 'cpu',
        weightsFolder: checkpoint.weightsFolder,
      });
      const { outputs } = await session.run(feeds(expected, shape.length, arithmetic));
      await session.release();
      for (const { name, output } of parameters) {
        const actual = (outputs[output]?.data ?? []) as Float64Array;
        const norms = expected.gradient_squared_norms[name] ?? [];
        expect(largestRelativeError(actual, norms), name).toBeLessThan(tolerance);
      }
    }
  });
});

function feeds({ input_ids, loss }: ParityCase, length: number, arithmetic: Arithmetic): Tensors {
  const rows = input_ids.length * length;
  const ids = new BigInt64Array(rows);
  const labels = new BigInt64Array(rows);
  const weights = new (arithmetic === 'float64' ? Float64Array : Float32Array)(rows);
  input_ids.forEach((tokens, example) => {
    const start = example * length;
    ids.set(tokens.map(BigInt), start);
    labels.set(tokens.slice(1).map(BigInt), start);
    const weight = loss === 'token-mean' ? 1 / (tokens.length - 1) : 1;
    weights.fill(weight, start, start + tokens.length - 1);
  });
  const lossWeights =
    weights instanceof Float64Array
      ? ({ dtype: 'float64', shape: [rows], data: weights } as const)
      : ({ dtype: 'float32', shape: [rows], data: weights } as const);
  return {
    input_ids: { dtype: 'int64', shape: [input_ids.length, length], data: ids },
    labels: { dtype: 'int64', shape: [rows], data: labels },
    loss_weights: lossWeights,
  };
}
