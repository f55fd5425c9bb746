import { describe, expect, it } from 'vitest';
import { labelUniforms } from './label-uniforms.js';

describe('labelUniforms', () => {
  it('depends on seed, row and position alone', () => {
    const long = labelUniforms(42, 3, 100);
    expect(labelUniforms(42, 3, 10)).toEqual(long.slice(0, 10));
    expect(labelUniforms(43, 3, 10)).not.toEqual(long.slice(0, 10));
    expect(labelUniforms(42, 4, 10)).not.toEqual(long.slice(0, 10));
  });

  it('gives every draw numbers of its own, the first being those of a single draw', () => {
    const draws = [0, 1, 2].map((draw) => labelUniforms(42, 3, 100, draw));
    expect(draws[0]).toEqual(labelUniforms(42, 3, 100));
    expect(new Set(draws.flatMap((draw) => [...draw])).size).toBe(300);
  });

  it('keeps its numbers, on which those of runs with drawn labels depend', () => {
    expect([...labelUniforms(42, 3, 2)]).toEqual([0.12763458490371704, 0.6523826718330383]);
    expect([...labelUniforms(2 ** 32 - 1, 70_000, 1)]).toEqual([0.16017967462539673]);
  });

  it('is uniform on [0, 1)', () => {
    const values = Array.from({ length: 200 }, (_, row) => [...labelUniforms(1, row, 500)]).flat();
    const buckets = new Array<number>(10).fill(0);
    expect(values).toHaveLength(100_000);
    expect(values.every((value) => value >= 0 && value < 1)).toBe(true);
    for (const value of values) {
      const bucket = Math.floor(value * 10);
      buckets[bucket] = (buckets[bucket] ?? 0) + 1;
    }
    const expected = values.length / 10;
    const chiSquared = buckets.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    // The 99.9 % quantile of chi-squared with nine degrees of freedom.
    expect(chiSquared).toBeLessThan(27.9);
  });
});
