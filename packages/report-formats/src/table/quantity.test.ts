import { describe, expect, it } from 'vitest';
import { formatDuration, formatRatio, formatShare, formatValue } from './quantity.js';

describe('quantities', () => {
  it.each([
    [21.96812345, '21.97'],
    [0.00123456, '0.001235'],
    [440320.4, '440320'],
    [0.0000123456, '1.235e-5'],
    [12345678, '1.235e+7'],
    [0, '0'],
    [null, '–'],
  ])('value %s is %s', (value, text) => expect(formatValue(value)).toBe(text));

  it.each([
    [1, '100 %'],
    [0.0995, '10 %'],
    [0.0123, '1.2 %'],
    [0.00123, '0.12 %'],
    [0.00001, '<0.01 %'],
    [0, '0 %'],
  ])('share %s is %s', (share, text) => expect(formatShare(share)).toBe(text));

  it.each([
    [1.234, '1.2×'],
    [12.34, '12×'],
    [1234.5, '1,235×'],
    [Number.POSITIVE_INFINITY, '∞'],
  ])('ratio %s is %s', (ratio, text) => expect(formatRatio(ratio)).toBe(text));

  it.each([
    [0.26, '0.3 s'],
    [45, '45 s'],
    [150, '3 min'],
    [9000, '2.5 h'],
  ])('%s seconds are %s', (seconds, text) => expect(formatDuration(seconds)).toBe(text));
});
