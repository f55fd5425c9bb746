import { expect, it } from 'vitest';
import { stratifiedIndices } from './stratified-indices.js';

it('takes one of each part', () => {
  const indices = stratifiedIndices(336, 24, 42);
  expect(indices.map((index) => Math.floor(index / 14))).toEqual([...Array(24).keys()]);
  expect(new Set(indices.map((index) => index % 14)).size).toBeGreaterThan(5);
  expect(stratifiedIndices(336, 24, 42)).toEqual(indices);
  expect(stratifiedIndices(336, 24, 43)).not.toEqual(indices);
});

it('takes all where that is no more', () => {
  expect(stratifiedIndices(5, 5, 1)).toEqual([0, 1, 2, 3, 4]);
  expect(stratifiedIndices(3, 10, 1)).toEqual([0, 1, 2]);
  expect(stratifiedIndices(0, 4, 1)).toEqual([]);
});

it('covers parts that do not divide evenly, each index alike', () => {
  const counts = new Map<number, number>();
  for (let seed = 0; seed < 3000; seed++) {
    for (const index of stratifiedIndices(10, 3, seed)) {
      counts.set(index, (counts.get(index) ?? 0) + 1);
    }
  }
  // Parts of 3, 4 and 3: an index is taken with one over the size of its part.
  const expected = [3, 3, 3, 4, 4, 4, 4, 3, 3, 3].map((size) => 3000 / size);
  expected.forEach((count, index) => {
    expect(Math.abs((counts.get(index) ?? 0) - count)).toBeLessThan(150);
  });
});
