import { describe, expect, it } from 'vitest';
import { type BatchStatistics, FisherAccumulator } from './fisher-accumulator.js';
import { summarizeFisher } from './summarize-fisher.js';

const batch = (examples: readonly number[], a: number[], b: number[]): BatchStatistics => ({
  examples,
  losses: examples.map((example) => example + 0.5),
  squaredNorms: new Map([
    ['model.layers.0.a.weight', a],
    ['model.layers.0.b.weight', b],
  ]),
  routedTokens: new Map([['model.layers.0.b.weight', b.map((norm) => Math.max(0, norm - 10))]]),
});

describe('FisherAccumulator', () => {
  it('gives the same scores whatever the order of batches', () => {
    const first = batch([0, 2], [1, 3], [10, 30]);
    const second = batch([1], [2, 99], [20, 99]);
    const scores = [
      [first, second],
      [second, first],
    ].map((batches) => {
      const accumulator = new FisherAccumulator([5, 6, 7]);
      for (const each of batches) accumulator.add(each);
      expect(accumulator.done).toBe(3);
      return summarizeFisher(accumulator, {
        shapeOf: () => [2, 5],
        bootstrap: { k: 1, seed: 42 },
      }).scores;
    });
    expect(scores[0]).toEqual(scores[1]);
    expect(scores[0]).toMatchObject([
      {
        layer: 'model.layers.0.a',
        numel: 10,
        n: 3,
        values: { sum: 2, density: 0.2 },
        rank: 2,
        routed_tokens: null,
        routed_examples: null,
        per_example: [1, 2, 3],
      },
      {
        layer: 'model.layers.0.b',
        values: { sum: 20, density: 2 },
        rank: 1,
        routed_tokens: 30,
        routed_examples: 2,
        per_example_routed_tokens: [0, 10, 20],
      },
    ]);
    expect(scores[0]?.[0]?.standard_error).toBeCloseTo(Math.sqrt(1 / 3), 12);
  });

  it('refuses a value that is not finite, naming the layer and the row of the dataset', () => {
    const accumulator = new FisherAccumulator([5, 6, 7]);
    const poisoned = batch([1], [Number.NaN], [1]);
    expect(() => accumulator.add(poisoned)).toThrow(
      expect.objectContaining({
        code: 'non_finite_gradient',
        context: { layer: 'model.layers.0.a.weight', example: 6, value: 'NaN' },
      }),
    );
  });

  it('reads a rounding error below zero as zero', () => {
    const accumulator = new FisherAccumulator([0]);
    accumulator.add(batch([0], [-1e-12], [1]));
    expect(accumulator.squaredNorms.get('model.layers.0.a.weight')?.[0]).toBe(0);
  });
});
