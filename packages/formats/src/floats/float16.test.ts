import { expect, it } from 'vitest';
import { toFloat16 } from './float16.js';

it.each([
  ['keeps what it has', 0.333251953125, 0.333251953125],
  ['takes the even one of two that are as near', 1 + 2 ** -11, 1],
  ['and upwards too', 1 + 3 * 2 ** -11, 1 + 2 ** -9],
  ['rounds to the next power of two', 2 - 2 ** -13, 2],
  ['ends at 65504', 65519.99, 65504],
  ['and is infinite from half a step beyond', 65520, Number.POSITIVE_INFINITY],
  ['with either sign', -1e10, Number.NEGATIVE_INFINITY],
  ['has steps of 2^-24 below 2^-14', 2.5 * 2 ** -24, 2 ** -23],
  ['which end at zero', 2 ** -25, 0],
  ['next to the smallest normal one', 2 ** -14 - 2 ** -25, 2 ** -14],
  ['zero', 0, 0],
])('%s: %d', (_, x, rounded) => {
  expect(toFloat16(Math.fround(x))).toBe(rounded);
});
