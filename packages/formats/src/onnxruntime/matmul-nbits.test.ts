import { expect, it } from 'vitest';
import { dequantisedMatrix } from '../dequantised-matrix.js';
import { parseFormat } from '../parse-format.js';
import { holdToReferences, holdToStoredBits } from '../test-support/hold-to-references.js';

const tool = 'onnxruntime';
const keys = {
  ort_int2_b32: 'default_int2_sym_b32',
  ort_int4_b32: 'default_int4_sym_b32',
  ort_int8_b32: 'default_int8_sym_b32',
  ort_int4_b128: 'default_int4_sym_b128',
  ort_int2_b32_asym: 'default_int2_asym_b32',
  ort_int4_b32_asym: 'default_int4_asym_b32',
  ort_int8_b32_asym: 'default_int8_asym_b32',
  ort_int4_b128_asym: 'default_int4_asym_b128',
  ort_rtn_int4_b32: 'rtn_int4_sym_b32',
  ort_rtn_int8_b32: 'rtn_int8_sym_b32',
  ort_rtn_int4_b32_asym: 'rtn_int4_asym_b32',
  ort_rtn_int8_b32_asym: 'rtn_int8_asym_b32',
};
const matrices = ['A', 'B', 'C'];

holdToReferences({ tool, keys, matrices });
holdToStoredBits({ tool, keys, matrices });

it('fills the last block of an output with zeros, which are stored', () => {
  const format = parseFormat('ort_int4_b32_asym');
  // 40 inputs are two blocks, whose zero points share a byte.
  expect(format.problemWith([3, 40])).toBeUndefined();
  expect(format.bits([3, 40])).toBe(3 * (2 * (32 * 4 + 32) + 8));
});

it('takes the range of a filled block with 0 in it, by either algorithm', () => {
  const ones = Float32Array.from({ length: 20 }, (_, i) => (i < 16 ? 2 + i : 15));
  const byDefault = dequantisedMatrix(parseFormat('ort_int4_b16_asym'), ones, [1, 20]);
  const byRtn = dequantisedMatrix(parseFormat('ort_rtn_int4_b16_asym'), ones, [1, 20]);
  expect([...byDefault.subarray(16)]).toEqual([15, 15, 15, 15]);
  expect([...byRtn.subarray(16)]).toEqual([15, 15, 15, 15]);
  // From 2 to 17 without 0, one step is 1 and the zero point, −2, becomes 0: 15 is the largest.
  expect([...byRtn.subarray(0, 16)]).toEqual([
    2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 15, 15,
  ]);
});
