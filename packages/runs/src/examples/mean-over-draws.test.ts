import { describe, expect, it } from 'vitest';
import type { BatchStatistics } from './fisher-accumulator.js';
import { meanOverDraws } from './mean-over-draws.js';

const batch = (examples: readonly number[], norms: number[]): BatchStatistics => ({
  examples,
  losses: norms.map((norm) => 10 * norm),
  squaredNorms: new Map([['w', norms]]),
  routedTokens: new Map([['w', examples.map((example) => 3 * example)]]),
});

async function collect(batches: readonly BatchStatistics[], draws: number) {
  async function* stream() {
    yield* batches;
  }
  const collected = [];
  for await (const each of meanOverDraws(stream(), draws)) collected.push(each);
  return collected;
}

describe('meanOverDraws', () => {
  it('averages the draws of each batch, in whatever order batches come', async () => {
    const means = await collect(
      [batch([0, 2], [1, 2, 99]), batch([1], [7]), batch([0, 2], [3, 6, 99]), batch([1], [8])],
      2,
    );
    expect(
      means.map(({ examples, losses, squaredNorms, routedTokens }) => [
        examples,
        [...Array.from(losses)],
        [...Array.from(squaredNorms.get('w') ?? [])],
        routedTokens.get('w'),
      ]),
    ).toEqual([
      [
        [0, 2],
        [20, 40],
        [2, 4],
        [0, 6],
      ],
      [[1], [75], [7.5], [3]],
    ]);
  });

  it('averages marginals, without the rows of padding', async () => {
    const drawn = (values: readonly number[]): BatchStatistics => ({
      ...batch([0, 2], [1, 2, 99]),
      marginals: new Map([
        [
          'w',
          { byOutput: Float32Array.from(values), byInput: Float64Array.of(values[0] ?? 0, 1, 9) },
        ],
      ]),
    });
    const [mean] = await collect([drawn([1, 2, 3, 4, 9, 9]), drawn([3, 2, 5, 4, 9, 9])], 2);
    expect(mean?.marginals?.get('w')).toEqual({
      byOutput: Float64Array.of(2, 2, 4, 4),
      byInput: Float64Array.of(2, 1),
    });
  });

  it('leaves a single draw as it is', async () => {
    const only = batch([0], [0.1]);
    expect(await collect([only], 1)).toEqual([only]);
  });

  it('hides no value that is not finite', async () => {
    const [mean] = await collect([batch([0], [1]), batch([0], [Number.NaN])], 2);
    expect(mean?.squaredNorms.get('w')?.[0]).toBeNaN();
  });
});
