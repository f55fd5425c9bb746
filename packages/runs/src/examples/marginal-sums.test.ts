import { EXAMPLE_GROUPS } from '@layersense/contracts';
import { describe, expect, it } from 'vitest';
import type { BatchStatistics } from './fisher-accumulator.js';
import { MarginalSums } from './marginal-sums.js';

/** A matrix of two outputs and one input; the last row is padding. */
const batch = (examples: readonly number[], byOutput: readonly number[]): BatchStatistics => ({
  examples,
  losses: new Float32Array(examples.length + 1),
  squaredNorms: new Map(),
  routedTokens: new Map(),
  marginals: new Map([
    [
      'w',
      {
        byOutput: Float32Array.from([...byOutput, 99, 99]),
        byInput: Float32Array.from([...examples.map((example) => 10 * example), 99]),
      },
    ],
  ]),
});

describe('MarginalSums', () => {
  it('adds up examples by group, whatever batches they come in', () => {
    const sums = new MarginalSums([0, 7, 7], [5, 6, 8]);
    sums.add(batch([2, 0], [1, 2, 3, 4]));
    sums.add(batch([1], [0.5, -1e-9]));
    const { byOutput, byInput } = sums.sums.get('w') ?? {};
    const zeros = (count: number) => Array(count).fill(0);
    expect([...(byOutput ?? [])]).toEqual([3, 4, ...zeros(2 * EXAMPLE_GROUPS - 4), 1.5, 2]);
    expect([...(byInput ?? [])]).toEqual([0, ...zeros(EXAMPLE_GROUPS - 2), 30]);
    expect(sums.examples).toEqual([1, ...zeros(EXAMPLE_GROUPS - 2), 2]);
  });

  it('adds in float64', () => {
    const sums = new MarginalSums([0, 0], [0, 1]);
    sums.add(batch([0], [2 ** 24, 1]));
    sums.add(batch([1], [1, 1]));
    expect(sums.sums.get('w')?.byOutput[0]).toBe(2 ** 24 + 1);
  });

  it('refuses what is not finite, naming the layer and the row of the dataset', () => {
    const sums = new MarginalSums([0, 0], [5, 6]);
    expect(() => sums.add(batch([1], [Number.NaN, 1]))).toThrow(
      expect.objectContaining({
        code: 'non_finite_gradient',
        context: { layer: 'w', example: 6, value: 'NaN' },
      }),
    );
  });
});
