import { expect, it } from 'vitest';
import { isScarcelyRouted } from './scarce-routing.js';

it.each([
  // n, m, whether 1/m − 1/n > 1/10
  [64, 0, true],
  [64, 1, true],
  [64, 8, true],
  [64, 9, false],
  [1_000_000, 9, true],
  [1_000_000, 10, false],
  [4, 3, false],
  [4, 2, true],
  // Every example: then its score is as good as any other weight's.
  [1, 1, false],
])('of %i examples an expert saw %i: scarce is %s', (n, routed_examples, scarce) => {
  expect(isScarcelyRouted({ n, routed_examples })).toBe(scarce);
});

it('says nothing of a weight that every token uses', () => {
  expect(isScarcelyRouted({ n: 64, routed_examples: null })).toBe(false);
  expect(isScarcelyRouted({ n: null, routed_examples: 3 })).toBe(false);
});
