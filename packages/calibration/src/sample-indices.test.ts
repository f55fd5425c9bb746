import { describe, expect, it } from 'vitest';
import { sampleIndices, splitMix64, xoshiro128StarStar } from './sample-indices.js';

const take = <T>(next: () => T, n: number): T[] => Array.from({ length: n }, next);

describe('sampleIndices', () => {
  it('draws from the published generators', () => {
    // Test vectors of the authors' C code, as the rand_xoshiro crate has them.
    expect(take(splitMix64(1477776061723855037n), 3)).toEqual([
      1985237415132408290n,
      2979275885539914483n,
      13511426838097143398n,
    ]);
    expect(take(xoshiro128StarStar([1, 2, 3, 4]), 6)).toEqual([
      11520, 0, 5927040, 70819200, 2031721883, 1637235492,
    ]);
  });

  it('keeps its samples from one release to the next', () => {
    // From a separate implementation in Python.
    expect(sampleIndices(7473, 8, 42)).toEqual([2323, 5537, 2547, 4163, 4250, 6659, 2951, 2930]);
    expect(sampleIndices(10, 10, 0)).toEqual([5, 2, 4, 3, 1, 9, 6, 7, 0, 8]);
  });

  it('extends: fewer indices are a prefix of more', () => {
    expect(sampleIndices(1000, 128, 7).slice(0, 64)).toEqual(sampleIndices(1000, 64, 7));
  });

  it('takes every index exactly once when asked for more than there are', () => {
    const all = sampleIndices(50, 64, 3);
    expect(all.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, i) => i));
    expect(sampleIndices(0, 4, 3)).toEqual([]);
  });

  it('depends on the seed', () => {
    expect(sampleIndices(1000, 16, 1)).not.toEqual(sampleIndices(1000, 16, 2));
  });

  it('is uniform: every ordered pair of 5 appears alike over many seeds', () => {
    const pairs = new Map<string, number>();
    const seeds = 20_000;
    for (let seed = 0; seed < seeds; seed += 1) {
      const pair = sampleIndices(5, 2, seed).join();
      pairs.set(pair, (pairs.get(pair) ?? 0) + 1);
    }
    const expected = seeds / 20;
    const chiSquared = [...pairs.values()].reduce(
      (sum, n) => sum + (n - expected) ** 2 / expected,
      0,
    );
    expect(pairs.size).toBe(20);
    // 43.8 is the 0.999 quantile of chi-squared with 19 degrees of freedom.
    expect(chiSquared).toBeLessThan(43.8);
  });
});
