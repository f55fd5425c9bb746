import { expect, it } from 'vitest';
import { moments } from './moments.js';
import { ratioOfSums } from './ratio-of-sums.js';

it('is the mean with its standard error where all weigh alike', () => {
  const values = [0.5, 2, 1, 7];
  const { mean, standardError } = moments(values);
  const ratio = ratioOfSums(
    values.map((value) => 3 * value),
    values.map(() => 3),
  );
  expect(ratio.value).toBeCloseTo(mean, 12);
  expect(ratio.standardError).toBeCloseTo(standardError ?? Number.NaN, 12);
});

it('has no error where every example has the same ratio, and none known of one example', () => {
  expect(ratioOfSums([2, 20, 6], [1, 10, 3])).toEqual({ value: 2, standardError: 0 });
  expect(ratioOfSums([3], [4])).toEqual({ value: 0.75, standardError: null });
});

it('has the spread of the ratio over samples as its error', () => {
  // Sums that grow with weights which differ: drawn many times, by a generator of a fixed seed.
  let state = 1;
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const samples = Array.from({ length: 2000 }, () => {
    const weights = Array.from({ length: 40 }, () => 1 + 9 * random());
    const sums = weights.map((weight) => weight * (0.5 + random()));
    return ratioOfSums(sums, weights);
  });
  const spread = Math.sqrt(moments(samples.map(({ value }) => value)).variance ?? Number.NaN);
  const error = moments(samples.map(({ standardError }) => standardError ?? Number.NaN)).mean;
  expect(error / spread).toBeGreaterThan(0.95);
  expect(error / spread).toBeLessThan(1.05);
});
