import { describe, expect, it } from 'vitest';
import { measureMagnitude, summarizeMagnitude } from './magnitude.js';

async function* chunks(...parts: readonly number[][]): AsyncGenerator<Float32Array> {
  for (const part of parts) yield Float32Array.from(part);
}

describe('magnitude', () => {
  it('sums over all chunks in float64', async () => {
    expect(await measureMagnitude('w', chunks([1, -2], [0.5]))).toEqual({
      l1: 3.5,
      l2Squared: 5.25,
      maxAbs: 2,
    });
    // In float32 the small terms would all be lost.
    const small = Array.from({ length: 1000 }, () => 1);
    const { l1 } = await measureMagnitude('w', chunks([2 ** 30], small));
    expect(l1).toBe(2 ** 30 + 1000);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY])('refuses %s, naming the element', async (bad) => {
    await expect(measureMagnitude('w', chunks([1, 2], [3, bad]))).rejects.toMatchObject({
      code: 'non_finite_weight',
      context: { parameter: 'w', element: 3 },
    });
  });

  it('ranks by l1', () => {
    const weight = (parameter: string, l1: number) => ({
      parameter,
      shape: [2, 2],
      magnitude: { l1, l2Squared: 1, maxAbs: 1 },
    });
    expect(summarizeMagnitude([weight('a.weight', 1), weight('b.weight', 8)])).toMatchObject([
      { layer: 'a', rank: 2, n: null, values: { mean_abs: 0.25 } },
      { layer: 'b', rank: 1, values: { l1: 8, mean_abs: 2 }, standard_error: null },
    ]);
  });
});
