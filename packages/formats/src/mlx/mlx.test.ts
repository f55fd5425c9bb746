import { expect, it } from 'vitest';
import { dequantisedMatrix } from '../dequantised-matrix.js';
import { parseFormat } from '../parse-format.js';

/** The first values of a group of 32 that ends with zeros. */
function rounded(name: string, ...values: number[]): number[] {
  const group = new Float32Array(32);
  group.set(values);
  return [...dequantisedMatrix(parseFormat(name), group, [1, 32]).subarray(0, values.length)];
}

it('the end that is farther from 0 is a code, and so is 0: worked by hand from its source', () => {
  // max 15, min −7.5: s = −22.5 / 15 = −1.5, r = 15 / −1.5 = −10, s = −1.5, bias 15. The codes are
  // 15, 13.5, … −7.5; 1 is (1 − 15) / −1.5 = 9.33 → 9, which stands for 1.5.
  expect(rounded('mlx4_g32', 15, -7.5, 1, 0, 5.2)).toEqual([15, -7.5, 1.5, 0, 4.5]);
});

it('the scale is stretched until 0 is a code', () => {
  // max 1, min −0.4: s = −1.4 / 3 in float32, r = −2.14 → −2, s = −0.5, bias 1: codes 1, 0.5, 0, −0.5.
  expect(rounded('mlx2_g32', 1, Math.fround(-0.4), 0.8, 0.2)).toEqual([1, -0.5, 1, 0]);
});

it('halves go to the even code', () => {
  // max 6, min −1.5 in 15 steps of 0.5 from 6 on: 5.25 is code 1.5 → 2, 4.75 is code 2.5 → 2.
  expect(rounded('mlx4_g32', 6, -1.5, 5.25, 4.75)).toEqual([6, -1.5, 5, 5]);
});

it('a group of one value is kept but for the last bits, and one of zeros is zero', () => {
  const group = new Float32Array(32).fill(3);
  // s = 1e-7, r = 3 / −1e-7 rounded; the bias is 3 and every code 0.
  expect([...dequantisedMatrix(parseFormat('mlx8_g32'), group, [1, 32])]).toEqual(
    new Array(32).fill(3),
  );
  expect(rounded('mlx3_g32', 0, -0)).toEqual([0, 0]);
});

it('counts a scale and a bias of two bytes', () => {
  expect(parseFormat('mlx4_g64').bits([2, 128])).toBe(2 * (128 * 4 + 2 * 32));
  expect(parseFormat('mlx3_g32').bits([1, 32])).toBe(32 * 3 + 32);
});

it('says which of its group sizes would fit', () => {
  expect(parseFormat('mlx4_g128').problemWith([8, 192])).toContain(
    'mlx4_g32 or mlx4_g64 would fit.',
  );
  expect(parseFormat('mlx4_g64').problemWith([8, 100])).toContain(
    'which do not divide the 100 inputs',
  );
});
