import { describe, expect, it } from 'vitest';
import { dequantisedMatrix } from '../dequantised-matrix.js';
import { parseFormat } from '../parse-format.js';
import { holdToReferences, holdToStoredBits } from '../test-support/hold-to-references.js';
import { input, reference } from '../test-support/references.js';
import { squaredError } from '../test-support/squared-error.js';

const tool = 'compressed_tensors';
const keys = {
  fp8_e4m3_channel: 'fp8_e4m3_ch',
  fp8_e4m3_tensor: 'fp8_e4m3_tensor',
  fp8_e4m3_block128: 'fp8_e4m3_block128',
};

holdToReferences({ tool, keys, matrices: ['A', 'B'] });
// Neither side of D is a multiple of 128.
holdToReferences({ tool, keys: { fp8_e4m3_block128: 'fp8_e4m3_block128' }, matrices: ['D'] });
holdToStoredBits({ tool, keys, matrices: ['C'] });

describe('in bfloat16 compressed-tensors rounds scales and results', () => {
  it.each(Object.entries(keys))('an error near that of %s', (name, key) => {
    const { values, shape } = input('C');
    const theirs = squaredError(reference(tool, 'C', key).values, values);
    const ours = squaredError(dequantisedMatrix(parseFormat(name), values, shape), values);
    expect(theirs / ours).toBeGreaterThan(1);
    expect(theirs / ours).toBeLessThan(1.02);
  });
});

it('needs what the survey of a matrix finds', () => {
  const place = { shape: [1, 2] as const, firstRow: 0 };
  expect(() => parseFormat('fp8_e4m3_tensor').dequantised(Float32Array.of(1, 2), place)).toThrow(
    'fp8_e4m3_tensor needs the survey of the matrix',
  );
});
