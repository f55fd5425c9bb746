import { describe, expect, it } from 'vitest';
import { dequantisedMatrix } from '../dequantised-matrix.js';
import { parseFormat } from '../parse-format.js';
import { differing } from '../test-support/differing.js';
import { input, reference } from '../test-support/references.js';
import { squaredError } from '../test-support/squared-error.js';

/** Formats and the keys of compressed-tensors' reference outputs. */
const cases = Object.entries({
  int2_g32: 'int2_sym_g32',
  int3_g32: 'int3_sym_g32',
  int4_g32: 'int4_sym_g32',
  int8_g32: 'int8_sym_g32',
  int4_g128: 'int4_sym_g128',
  int8_g128: 'int8_sym_g128',
  int4_channel: 'int4_sym_ch',
  int8_channel: 'int8_sym_ch',
  int2_g32_asym: 'int2_asym_g32',
  int3_g32_asym: 'int3_asym_g32',
  int4_g32_asym: 'int4_asym_g32',
  int8_g32_asym: 'int8_asym_g32',
  int4_g128_asym: 'int4_asym_g128',
  int4_channel_asym: 'int4_asym_ch',
  int8_channel_asym: 'int8_asym_ch',
});

describe.each(cases)('%s', (name, key) => {
  const format = parseFormat(name);

  it.each(['A', 'B'])('is what compressed-tensors makes of %s', (matrix) => {
    const { values, shape } = input(matrix);
    const expected = reference('compressed_tensors', matrix, key).values;
    expect(differing(dequantisedMatrix(format, values, shape), expected)).toBe(0);
  });

  it('has an error near that of compressed-tensors computing in bfloat16', () => {
    // It rounds scales and results to bfloat16 where the checkpoint is in it, which eight bits feel.
    const { values, shape } = input('C');
    const theirs = squaredError(reference('compressed_tensors', 'C', key).values, values);
    const ratio = theirs / squaredError(dequantisedMatrix(format, values, shape), values);
    expect(ratio).toBeGreaterThan(0.99);
    expect(ratio).toBeLessThan(name.startsWith('int8') ? 1.4 : 1.01);
  });

  it('has the bits that compressed-tensors stores, with scales of two bytes', () => {
    const { shape } = input('C');
    const { bitsPerWeight } = reference('compressed_tensors', 'C', key);
    expect(format.bits(shape) / (shape[0] * shape[1])).toBe(bitsPerWeight);
  });
});

describe('formats of integers without a reference', () => {
  it('int5_g16: a step of max |x| / 15.5, halves to even, the ends clipped', () => {
    const row = [15.5, -15.5, 0.5, 1.5, 2.5, -0.5, 7.25, -7.75, 0, 1, 2, 3, 4, 5, 6, 7];
    const rounded = [15, -15.5 - 0.5, 0, 2, 2, 0, 7, -8, 0, 1, 2, 3, 4, 5, 6, 7];
    const out = dequantisedMatrix(parseFormat('int5_g16'), Float32Array.from(row), [1, 16]);
    expect(differing(out, Float32Array.from(rounded))).toBe(0);
  });

  it('int6_channel_asym: 0 is a code, and a range of one sign begins with it', () => {
    const out = dequantisedMatrix(
      parseFormat('int6_channel_asym'),
      Float32Array.of(63, 1.5, 2.5, 20.25),
      [1, 4],
    );
    expect([...out]).toEqual([63, 2, 2, 20]);
  });

  it('counts what packing pads: 100 codes of three bits are ten int32, seven zero points one', () => {
    expect(parseFormat('int3_channel').bits([7, 100])).toBe(7 * (10 * 32 + 16));
    expect(parseFormat('int3_channel_asym').bits([7, 100])).toBe(7 * (10 * 32 + 16) + 32);
  });
});

it('says which group sizes fit', () => {
  expect(parseFormat('int4_g128').problemWith([8, 192])).toBe(
    'int4_g128 has groups of 128 inputs, which do not divide the 192 inputs of [8, 192]; int4_g16 or int4_g32 or int4_g64 or int4_channel would fit.',
  );
  expect(parseFormat('int4_g64').problemWith([8, 192])).toBeUndefined();
  expect(parseFormat('int4_channel').problemWith([0, 192])).toContain('at least one output');
});
