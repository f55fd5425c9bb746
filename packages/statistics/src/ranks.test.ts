import { describe, expect, it } from 'vitest';
import { meanRanks, rankBy, ranks } from './ranks.js';

describe('ranks', () => {
  it('gives rank 1 to the largest and keeps the order of equal values', () => {
    expect(ranks([2, 7, 2, 9])).toEqual([3, 2, 4, 1]);
  });

  it('breaks ties as it is told, and by the order where that ties too', () => {
    expect(ranks([5, 5, 5, 8], { ties: [3, 1, 1, 9] })).toEqual([4, 2, 3, 1]);
  });

  it('puts what has no value last', () => {
    expect(ranks([null, -3, null, 0])).toEqual([3, 2, 4, 1]);
  });

  it('gives a value that does not count the rank it would take, and takes none', () => {
    expect(ranks([9, 8, 7, 6], { counted: [true, false, true, true] })).toEqual([1, 2, 2, 3]);
  });

  it('is one more than the number of counted values before it', () => {
    const values = Array.from({ length: 60 }, (_, i) => Math.round(4 * Math.sin(7 * i)));
    const ties = values.map((_, i) => (i * 11) % 5);
    const counted = values.map((_, i) => i % 4 !== 1);
    const isBefore = (j: number, i: number): boolean => {
      const [xj = 0, xi = 0, tj = 0, ti = 0] = [values[j], values[i], ties[j], ties[i]];
      return xj > xi || (xj === xi && (tj < ti || (tj === ti && j < i)));
    };
    const expected = values.map(
      (_, i) => 1 + values.filter((_, j) => counted[j] && isBefore(j, i)).length,
    );
    expect(new Set(values).size).toBeLessThan(values.length / 4);
    expect(ranks(values, { ties, counted })).toEqual(expected);
  });
});

describe('rankBy', () => {
  it('adds the ranks and leaves the order', () => {
    const items = [9, 8, 7].map((x) => ({ x }));
    expect(
      rankBy(
        items,
        ({ x }) => x,
        ({ x }) => x !== 8,
      ),
    ).toEqual([
      { x: 9, rank: 1 },
      { x: 8, rank: 2 },
      { x: 7, rank: 2 },
    ]);
  });
});

describe('meanRanks', () => {
  it('gives rank 1 to the smallest, and equal values the mean of their ranks', () => {
    expect(meanRanks([30, 10, 20, 20, 20])).toEqual([5, 1, 3, 3, 3]);
    expect(meanRanks([1, 1])).toEqual([1.5, 1.5]);
    expect(meanRanks([])).toEqual([]);
  });
});
