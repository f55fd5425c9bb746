import { describe, expect, test } from 'vitest';
import {
  bfloat16Bits,
  bfloat16Value,
  float16Bits,
  float16Value,
  tensorFromBytes,
  tensorToBytes,
} from './tensor-bytes.js';

const allBits = Array.from({ length: 2 ** 16 }, (_, bits) => bits);

describe.each([
  ['float16', float16Bits, float16Value],
  ['bfloat16', bfloat16Bits, bfloat16Value],
] as const)('%s', (_, toBits, toValue) => {
  test('gives back each of its numbers', () => {
    const wrong = allBits.filter((bits) => {
      const value = toValue(bits);
      return !Number.isNaN(value) && toBits(value) !== bits;
    });
    expect(wrong).toEqual([]);
  });

  test('rounds to the nearest, and half way to the even one', () => {
    const one = toBits(1);
    const next = toValue(one + 1);
    const afterNext = toValue(one + 2);
    const step = next - 1;
    expect(toBits(1 + 0.49 * step)).toBe(one);
    expect(toBits(1 + 0.51 * step)).toBe(one + 1);
    expect(toBits((1 + next) / 2)).toBe(one);
    expect(toBits((next + afterNext) / 2)).toBe(one + 2);
  });

  test('keeps signs, infinities and NaN', () => {
    expect(toValue(toBits(-0))).toBe(-0);
    expect(toValue(toBits(Number.NEGATIVE_INFINITY))).toBe(Number.NEGATIVE_INFINITY);
    expect(toValue(toBits(Number.NaN))).toBeNaN();
    expect(toValue(toBits(1e300))).toBe(Number.POSITIVE_INFINITY);
  });
});

test('float16 is what IEEE 754 says', () => {
  expect(
    [1, -2, 65504, 65519.9, 65520, 2 ** -14, 2 ** -24, 2 ** -25, 0.1].map(float16Bits),
  ).toEqual([0x3c00, 0xc000, 0x7bff, 0x7bff, 0x7c00, 0x0400, 0x0001, 0x0000, 0x2e66]);
});

test.each([
  ['int4', [-8, 7, -1, 0]],
  ['uint4', [15, 0, 8, 7]],
] as const)('%s lies two to a byte, the first in the low half', (dtype, data) => {
  const bytes = tensorToBytes({ dtype, shape: [4], data });
  expect([...bytes]).toEqual(dtype === 'int4' ? [0x78, 0x0f] : [0x0f, 0x78]);
  expect(tensorFromBytes(dtype, bytes)).toEqual(data);
});

test('raw data are little-endian and may start at any byte', () => {
  expect([...tensorToBytes({ dtype: 'int64', shape: [1], data: [-2] })]).toEqual([
    0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
  ]);
  const bytes = Uint8Array.of(9, 0, 0, 0x80, 0x3f);
  expect(tensorFromBytes('float32', bytes.subarray(1))).toEqual(Float32Array.of(1));
});
