import { describe, expect, it } from 'vitest';
import { confidenceInterval } from './confidence-interval.js';
import { studentT975 } from './student-t.js';

describe('studentT975', () => {
  // Abramowitz and Stegun, table 26.10, two-sided 95 %.
  it.each([
    [1, 12.706],
    [2, 4.303],
    [3, 3.182],
    [4, 2.776],
    [5, 2.571],
    [10, 2.228],
    [15, 2.131],
    [30, 2.042],
    [60, 2.0],
    [120, 1.98],
  ])('is the table value for %i degrees of freedom', (degrees, value) => {
    expect(studentT975(degrees)).toBeCloseTo(value, 3);
  });

  // The incomplete beta function inverted in 30 digits (mpmath).
  it.each([
    [1, 12.706204736174705],
    [2, 4.302652729749464],
    [7, 2.3646242515927853],
    [63, 1.9983405425207417],
    [64, 1.997729654317693],
    [200, 1.9718962236339095],
    [201, 1.9718365067798593],
    [1000, 1.9623390808264085],
    [100_000, 1.9599877075346097],
  ])('has ten exact digits for %i', (degrees, value) => {
    expect(Math.abs(studentT975(degrees) / value - 1)).toBeLessThan(1e-11);
  });

  it('falls to the normal quantile', () => {
    const values = Array.from({ length: 300 }, (_, i) => studentT975(i + 1));
    expect(values).toEqual(values.toSorted((a, b) => b - a));
    expect(studentT975(1e9)).toBeCloseTo(1.959964, 6);
  });
});

describe('confidenceInterval', () => {
  it('is wide for few examples', () => {
    const [low, high] = confidenceInterval(10, 1, 3) ?? [];
    expect([low, high]).toEqual([10 - studentT975(2), 10 + studentT975(2)]);
    expect(high).toBeCloseTo(14.3027, 4);
  });

  it.each([
    [null, 1, 3],
    [10, null, 3],
    [10, 1, null],
    [10, 1, 1],
  ])('is not known of %s ± %s over %s', (mean, error, n) => {
    expect(confidenceInterval(mean, error, n)).toBeNull();
  });
});
