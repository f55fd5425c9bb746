import { describe, expect, it } from 'vitest';
import { byteSize, decimalNumber, repeated, repeatedChoice, wholeNumber } from './values.js';

describe('values of the command line', () => {
  it('are whole numbers, in range where there is one', () => {
    expect(wholeNumber()('-1')).toBe(-1);
    expect(wholeNumber({ from: 0, to: 3 })('3')).toBe(3);
    expect(() => wholeNumber({ from: 0, to: 3 })('4')).toThrow('from 0 to 3');
    expect(() => wholeNumber({ from: 1 })('0')).toThrow('at least 1');
    expect(() => wholeNumber()('1e3')).toThrow('whole number');
  });

  it('are numbers in plain digits', () => {
    expect(['.5', '0.95', '-2'].map(decimalNumber)).toEqual([0.5, 0.95, -2]);
    expect(() => decimalNumber('Infinity')).toThrow('such as 0.95');
  });

  it('are sizes', () => {
    expect(['8GiB', '600mb', '2000', '1.5 KiB'].map(byteSize)).toEqual([
      8 * 2 ** 30,
      600e6,
      2000,
      1536,
    ]);
    expect(() => byteSize('GiB')).toThrow('such as 8GiB');
  });

  it('are collected where an option may be repeated', () => {
    const scope = repeatedChoice(['a', 'b']);
    expect(repeated('b', repeated('a'))).toEqual(['a', 'b']);
    expect(scope('b', scope('a'))).toEqual(['a', 'b']);
    expect(() => scope('c')).toThrow('Allowed choices are a, b.');
  });
});
