import { describe, expect, it } from 'vitest';
import { topKStability } from './top-k-stability.js';

const options = { k: 1, seed: 42 };

describe('topKStability', () => {
  it('agrees with the enumeration of all resamples', () => {
    const rows = [Float64Array.of(3, 3, 0), Float64Array.of(1, 1, 3)];
    let wins = 0;
    for (let resample = 0; resample < 27; resample++) {
      const drawn = [resample % 3, Math.floor(resample / 3) % 3, Math.floor(resample / 9)];
      const sum = (row: Float64Array | undefined) =>
        drawn.reduce((total, example) => total + (row?.[example] ?? 0), 0);
      if (sum(rows[0]) >= sum(rows[1])) wins++;
    }
    const { inclusion, probability, jaccard } = topKStability(rows, {
      ...options,
      resamples: 20_000,
    });
    // Four standard errors of a share over 20,000 resamples.
    expect(Math.abs(probability - wins / 27)).toBeLessThan(0.0125);
    expect(inclusion[0]).toBe(probability);
    expect((inclusion[0] ?? 0) + (inclusion[1] ?? 0)).toBeCloseTo(1, 12);
    // For k = 1 the overlap is 1 or 0.
    expect(jaccard).toBeCloseTo(probability, 12);
  });

  it('measures the overlap of sets as Jaccard did', () => {
    // The first row is always in; of the other two, one is.
    const rows = [Float64Array.of(9, 9, 9), Float64Array.of(3, 3, 0), Float64Array.of(1, 1, 3)];
    const { probability, jaccard } = topKStability(rows, { k: 2, seed: 42 });
    expect(probability).toBeLessThan(1);
    expect(jaccard).toBeCloseTo(probability + (1 - probability) / 3, 12);
  });

  it('resamples the examples of all rows together', () => {
    // The first row is ahead on every example, however far its values are apart.
    const noisy = Float64Array.from({ length: 20 }, (_, i) => 1 + (i % 5) * 10);
    const rows = [noisy.map((value) => value - 0.01), noisy];
    expect(topKStability(rows, options)).toMatchObject({ probability: 1, jaccard: 1 });
  });

  it('finds half a chance for two layers that differ by noise alone', () => {
    const rows = [0, 1].map((row) =>
      Float64Array.from({ length: 200 }, (_, i) => Math.sin(1000 * (i + 1) + row * 77) + 2),
    );
    const { probability } = topKStability([...rows, new Float64Array(200)], options);
    expect(probability).toBeGreaterThan(0.3);
    expect(probability).toBeLessThan(0.9);
  });

  it('depends on its seed alone', () => {
    const rows = Array.from({ length: 30 }, (_, row) =>
      Float64Array.from({ length: 16 }, (_, i) => Math.cos(row + 31 * i) ** 2),
    );
    const of = (seed: number) => topKStability(rows, { k: 5, seed });
    expect(of(1)).toEqual(of(1));
    expect(of(2).inclusion).not.toEqual(of(1).inclusion);
    const total = of(1).inclusion.reduce((sum, share) => sum + share, 0);
    expect(total).toBeCloseTo(5, 9);
  });

  it('takes the first of equal layers', () => {
    const equal = Array.from({ length: 4 }, () => Float64Array.of(1, 1, 1));
    const { inclusion, probability } = topKStability(equal, { k: 2, seed: 1 });
    expect([...inclusion]).toEqual([1, 1, 0, 0]);
    expect(probability).toBe(1);
  });

  it('takes what a large model gives: 254 layers, 1024 examples', () => {
    const rows = Array.from({ length: 254 }, (_, row) =>
      Float64Array.from({ length: 1024 }, (_, i) => Math.abs(Math.sin(row * 1024 + i)) * row),
    );
    const { inclusion, probability } = topKStability(rows, { k: 10, seed: 1 });
    expect(new Set(inclusion.slice(0, 200))).toEqual(new Set([0]));
    expect(inclusion.reduce((sum, share) => sum + share, 0)).toBeCloseTo(10, 9);
    expect(probability).toBeGreaterThan(0);
  });
});
