import { EXAMPLE_GROUPS } from '@layersense/contracts';
import { describe, expect, it } from 'vitest';
import type { BatchStatistics } from './fisher-accumulator.js';
import { MarginalSums, withFewerGroups } from './marginal-sums.js';

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
    expect(sums.examples).toEqual([2, 0, 1]);
  });

  it('counts an example once that comes in batches of two sizes', () => {
    const sums = new MarginalSums([0, 0], [5, 6]);
    sums.add(batch([0], [1, 2]));
    sums.add(batch([0, 1], [1, 2, 10, 20]));
    expect(sums.sums.get('w')?.byOutput.slice(0, 2)).toEqual(Float64Array.of(11, 22));
  });

  it('takes over what another one has summed, and leaves that as it is', () => {
    const [first, second] = [new MarginalSums([0, 0], [5, 6]), new MarginalSums([0, 0], [5, 6])];
    first.add(batch([0], [1, 2]));
    second.restore(first.examples, first.sums);
    second.add(batch([1], [10, 20]));
    expect(second.sums.get('w')?.byOutput.slice(0, 2)).toEqual(Float64Array.of(11, 22));
    expect(first.sums.get('w')?.byOutput.slice(0, 2)).toEqual(Float64Array.of(1, 2));
    expect([first.has(1), second.has(1), second.has(0)]).toEqual([false, true, true]);
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

it('joins groups where eight would take too much space', () => {
  const groups = [1, 2, 3, 4].map((examples) => ({ examples, targets: 10 * examples }));
  const byOutput = Float64Array.of(1, 2, 10, 20, 100, 200, 1000, 2000);
  const marginals = { groups, matrices: new Map([['w', { byOutput, byInput: byOutput }]]) };
  const sums = Float64Array.of(101, 202, 1010, 2020);
  expect(withFewerGroups(marginals, 2)).toEqual({
    groups: [
      { examples: 4, targets: 40 },
      { examples: 6, targets: 60 },
    ],
    matrices: new Map([['w', { byOutput: sums, byInput: sums }]]),
  });
});
