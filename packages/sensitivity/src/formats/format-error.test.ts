import { describe, expect, it } from 'vitest';
import { formatError, formatErrorValues, jointFormatError } from './format-error.js';
import { newErrorSums, newWeightSums, sumErrors, sumWeights } from './row-sums.js';

const values = Float32Array.of(1, -2, 0, 0.25, 3, 0.5);
const rounded = Float32Array.of(1, -1.5, 0, 0, 3.5, 0);
/** Three columns, so that a row ends in an odd one out. */
const matrix = { values, rows: 2, columns: 3 };

function sums() {
  const [weights, errors] = [newWeightSums(2), newErrorSums(2)];
  sumWeights(matrix, weights, 0);
  sumErrors(matrix, rounded, errors, 0);
  return { weights, errors };
}

describe('format error', () => {
  it('is summed by row', () => {
    const { weights, errors } = sums();
    expect([...weights.squared]).toEqual([5, 0.0625 + 9 + 0.25]);
    expect([...weights.nonZero]).toEqual([2, 3]);
    expect([...errors.squared]).toEqual([0.25, 0.0625 + 0.25 + 0.25]);
    expect([...errors.collapsed]).toEqual([0, 2]);
  });

  it('is that of all rows, or of a part of them', () => {
    const { weights, errors } = sums();
    const whole = formatError(errors, weights, { start: 0, end: 2 });
    expect(formatErrorValues(whole)).toEqual({
      squared_error: 0.8125,
      relative_error: Math.sqrt(0.8125 / 14.3125),
      zero_collapse: 2 / 5,
      largest_channel_error: 0.5625,
    });
    const parts = [
      formatError(errors, weights, { start: 0, end: 1 }),
      formatError(errors, weights, { start: 1, end: 2 }),
    ];
    expect(parts[0]).toMatchObject({ squaredError: 0.25, collapsed: 0, largestChannelError: 0.25 });
    expect(jointFormatError(parts)).toEqual(whole);
  });

  it('has no ratio where there is nothing to divide by', () => {
    const zeros = { values: new Float32Array(2), rows: 1, columns: 2 };
    const [weights, errors] = [newWeightSums(1), newErrorSums(1)];
    sumWeights(zeros, weights, 0);
    sumErrors(zeros, new Float32Array(2), errors, 0);
    expect(formatErrorValues(formatError(errors, weights, { start: 0, end: 1 }))).toEqual({
      squared_error: 0,
      relative_error: null,
      zero_collapse: null,
      largest_channel_error: 0,
    });
  });
});
