import { expect, it } from 'vitest';
import { nearestInt } from './nearest-int.js';

it.each([
  [0.5, 0],
  [1.5, 2],
  [-2.5, -2],
  [2 ** 22 - 0.5, 2 ** 22],
  // Beyond, what the mantissa of x + 1.5 · 2²³ holds.
  [2 ** 22, -(2 ** 22)],
  [Number.POSITIVE_INFINITY, -(2 ** 22)],
  [Number.NEGATIVE_INFINITY, -(2 ** 22)],
  [Number.NaN, 0],
])('%d becomes %d', (x, integer) => {
  expect(nearestInt(x)).toBe(integer);
});
