import { describe, expect, it } from 'vitest';
import { rankBy } from './rank-by.js';

const ranks = (values: readonly number[], counts?: (value: { x: number }) => boolean) =>
  rankBy(
    values.map((x) => ({ x })),
    ({ x }) => x,
    counts,
  ).map(({ rank }) => rank);

describe('rankBy', () => {
  it('gives rank 1 to the largest and keeps the order of equal values', () => {
    expect(ranks([2, 7, 2, 9])).toEqual([3, 2, 4, 1]);
  });

  it('gives an item that does not count the rank it would take, and takes none', () => {
    expect(ranks([9, 8, 7, 6], ({ x }) => x !== 8)).toEqual([1, 2, 2, 3]);
  });
});
