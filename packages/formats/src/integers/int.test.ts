import { describe, expect, it } from 'vitest';
import { dequantisedMatrix } from '../dequantised-matrix.js';
import { parseFormat } from '../parse-format.js';
import { differing } from '../test-support/differing.js';
import { holdToReferences, holdToStoredBits } from '../test-support/hold-to-references.js';
import { input, reference } from '../test-support/references.js';
import { squaredError } from '../test-support/squared-error.js';

const tool = 'compressed_tensors';
const keys = {
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
};

holdToReferences({ tool, keys, matrices: ['A', 'B'] });
// C was in bfloat16: its scales have two bytes, as those that are counted.
holdToStoredBits({ tool, keys, matrices: ['C'] });

describe('in bfloat16 compressed-tensors rounds scales and results, which eight bits feel', () => {
  it.each(Object.entries(keys))('an error near that of %s', (name, key) => {
    const { values, shape } = input('C');
    const theirs = squaredError(reference(tool, 'C', key).values, values);
    const ours = squaredError(dequantisedMatrix(parseFormat(name), values, shape), values);
    expect(theirs / ours).toBeGreaterThan(0.99);
    expect(theirs / ours).toBeLessThan(name.startsWith('int8') ? 1.4 : 1.01);
  });
});

describe('formats of integers without a reference', () => {
  it('int5_g16: a step of max |x| / 15.5, halves to even, the ends clipped', () => {
    const row = [15.5, -15.5, 0.5, 1.5, 2.5, -0.5, 7.25, -7.75, 0, 1, 2, 3, 4, 5, 6, 7];
    const rounded = [15, -16, 0, 2, 2, 0, 7, -8, 0, 1, 2, 3, 4, 5, 6, 7];
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
