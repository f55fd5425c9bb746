import { describe, expect, it } from 'vitest';
import { moments } from './moments.js';

describe('moments', () => {
  it('has no standard error for a single value', () => {
    expect(moments([3])).toEqual({ n: 1, mean: 3, m2: 0, variance: null, standardError: null });
  });

  it('keeps its digits when the mean is large', () => {
    const { m2, variance, standardError } = moments([1e9 + 1, 1e9 + 2, 1e9 + 3]);
    expect(m2).toBeCloseTo(2, 9);
    expect(variance).toBeCloseTo(1, 9);
    expect(standardError).toBeCloseTo(Math.sqrt(1 / 3), 9);
  });
});
