import { encodeModel, GraphBuilder } from '@layersense/onnx-ir';
import { type ComputeProcess, startComputeProcess, type Tensors } from '@layersense/runtime';
import { labelUniforms } from '@layersense/statistics';
import { nonEmpty } from '@layersense/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { attachLoss } from './cross-entropy.js';

let compute: ComputeProcess;
beforeAll(async () => {
  compute = await startComputeProcess();
});
afterAll(() => compute.close());

async function run(
  labels: 'data' | 'model',
  [batch, length, vocabulary]: readonly [number, number, number],
  feeds: (rows: number) => Tensors,
): Promise<{ losses: Float64Array; cotangent: Float64Array }> {
  const g = new GraphBuilder('loss');
  const rows = batch * length;
  const logits = g.input('logits', 'float64', [rows, vocabulary]);
  const loss = attachLoss(g, { logits, batch, labels });
  const graph = g.build([loss.losses, loss.logitsCotangent]);
  const session = await compute.openSession(encodeModel(graph), { device: 'cpu' });
  const { outputs } = await session.run(feeds(rows));
  await session.release();
  const output = (name: string) => outputs[name]?.data as Float64Array;
  return { losses: output(loss.losses.name), cotangent: output(loss.logitsCotangent.name) };
}

const float64 = (data: readonly number[], shape = [data.length]) =>
  ({ dtype: 'float64', shape, data: Float64Array.from(data) }) as const;

describe('attachLoss', () => {
  const [batch, length, vocabulary] = [2, 3, 4] as const;
  const logits = Array.from({ length: batch * length * vocabulary }, (_, i) => Math.sin(7 * i) * 3);
  // Nothing is predicted at the last position of either, nor at the first of the second.
  const weights = [0.5, 0.5, 0, 0, 1, 0];
  const labels = [2, 0, 0, 0, 3, 0];

  const feeds =
    (values: readonly number[]) =>
    (rows: number): Tensors => ({
      logits: float64(values, [rows, vocabulary]),
      loss_weights: float64(weights),
      labels: { dtype: 'int64', shape: [rows], data: BigInt64Array.from(labels, BigInt) },
    });
  const lossesOf = (values: readonly number[]) =>
    run('data', [batch, length, vocabulary], feeds(values));

  it('is the weighted cross-entropy of every example', async () => {
    const { losses } = await lossesOf(logits);
    const expected = [0, 0];
    weights.forEach((weight, row) => {
      const z = logits.slice(row * vocabulary, (row + 1) * vocabulary);
      const normalizer = Math.log(z.reduce((sum, x) => sum + Math.exp(x), 0));
      const example = Math.floor(row / length);
      expected[example] =
        (expected[example] ?? 0) + weight * (normalizer - (z[labels[row] ?? 0] ?? 0));
    });
    expect([...losses]).toEqual(expected.map((loss) => expect.closeTo(loss, 12)));
  });

  it('has the cotangent that central differences give, and none on padding', async () => {
    const { cotangent } = await lossesOf(logits);
    const epsilon = 1e-6;
    for (const [i, value] of nonEmpty(logits.entries())) {
      const total = async (step: number) =>
        (await lossesOf(logits.with(i, value + step))).losses.reduce((a, b) => a + b);
      const difference = ((await total(epsilon)) - (await total(-epsilon))) / (2 * epsilon);
      expect(cotangent[i]).toBeCloseTo(difference, 8);
    }
    const padding = cotangent.subarray(2 * vocabulary, 3 * vocabulary);
    expect(new Set(padding)).toEqual(new Set([0]));
  });

  it('draws labels from the distribution of the model', async () => {
    const draws = 20_000;
    const z = [0, 1, 2, -1];
    const uniforms = [...labelUniforms(42, 7, draws)];
    const { cotangent } = await run('model', [1, draws, vocabulary], (rows) => ({
      logits: float64(Array.from({ length: rows }, () => z).flat(), [rows, vocabulary]),
      loss_weights: float64(Array.from({ length: rows }, () => 1)),
      uniforms: float64(uniforms, [rows, 1]),
    }));
    const normalizer = z.reduce((sum, x) => sum + Math.exp(x), 0);
    for (const [token, logit] of nonEmpty(z.entries())) {
      const probability = Math.exp(logit) / normalizer;
      // The cotangent is p − 1 where the token was drawn and p elsewhere.
      let drawn = 0;
      for (let row = 0; row < draws; row++) {
        if ((cotangent[row * vocabulary + token] ?? 0) < 0) drawn += 1;
      }
      const deviation = Math.sqrt((probability * (1 - probability)) / draws);
      expect(Math.abs(drawn / draws - probability)).toBeLessThan(4 * deviation);
    }
  });
});
