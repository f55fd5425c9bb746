import { nonEmpty } from '@layersense/testing';
import { describe, expect, it } from 'vitest';
import { type Batch, calibrationBatches } from './calibration-batches.js';

const set = (...examples: number[][]) => ({
  examples: examples.map((ids) => ({ inputIds: Int32Array.from(ids) })),
});

const random = set(
  ...Array.from({ length: 50 }, (_, i) =>
    Array.from({ length: 2 + ((i * 37) % 90) }, (_t, t) => i * 100 + t),
  ),
);

function row<T extends Batch['inputIds'] | Batch['lossWeights']>(
  batch: Batch,
  array: T,
  i: number,
) {
  return Array.from(array.subarray(i * batch.length, (i + 1) * batch.length), Number);
}

describe('calibrationBatches', () => {
  it('pads on the right, shifts labels, and weighs only positions with a next token', () => {
    const [batch] = [...calibrationBatches(set([5, 6, 7], [8, 9]), { loss: 'token-mean' })];
    expect(batch).toEqual({
      examplePositions: [1, 0],
      batch: 2,
      length: 3,
      inputIds: BigInt64Array.from([8n, 9n, 0n, 5n, 6n, 7n]),
      segments: new BigInt64Array(6),
      labels: BigInt64Array.from([9n, 0n, 0n, 6n, 7n, 0n]),
      lossWeights: Float32Array.from([1, 0, 0, 0.5, 0.5, 0]),
      tokenMask: Float32Array.from([1, 1, 0, 1, 1, 1]),
    });
  });

  it('weighs every predicted token by one for the sequence sum', () => {
    const [batch] = [...calibrationBatches(set([5, 6, 7], [8, 9]), { loss: 'sequence-sum' })];
    expect(batch?.lossWeights).toEqual(Float32Array.from([1, 0, 0, 1, 1, 0]));
  });

  it('fills the last batch of a shape with empty rows', () => {
    const examples = set(...Array.from({ length: 5 }, (_, i) => [i, i]));
    const last = [...calibrationBatches(examples, { loss: 'token-mean', batchSize: 3 })].at(-1);
    expect(last).toMatchObject({ examplePositions: [3, 4], batch: 3, length: 2 });
    expect(last?.inputIds).toEqual(BigInt64Array.from([3n, 3n, 4n, 4n, 0n, 0n]));
    expect(last?.lossWeights).toEqual(Float32Array.from([1, 0, 1, 0, 0, 0]));
  });

  it.each([{}, { batchSize: 1 }, { batchSize: 7 }, { tokenBudget: 128, shapeCost: 0 }])(
    'restores every example exactly once, whatever the batching: %j',
    (options) => {
      const restored = new Map<number, number[]>();
      const batches = calibrationBatches(random, { loss: 'token-mean', ...options });
      for (const batch of nonEmpty(batches)) {
        for (const [i, position] of nonEmpty(batch.examplePositions.entries())) {
          const weights = row(batch, batch.lossWeights, i);
          const tokens = weights.filter((weight) => weight > 0).length + 1;
          const ids = row(batch, batch.inputIds, i);
          expect(restored.has(position)).toBe(false);
          restored.set(position, ids.slice(0, tokens));
          expect(row(batch, batch.labels, i).slice(0, tokens - 1)).toEqual(ids.slice(1, tokens));
          expect(weights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 5);
        }
        const used = batch.examplePositions.length * batch.length;
        expect(batch.lossWeights.subarray(used).filter((weight) => weight !== 0)).toHaveLength(0);
      }
      const original = random.examples.map(({ inputIds }, i) => [i, [...inputIds]] as const);
      expect(restored).toEqual(new Map(original));
    },
  );
});
