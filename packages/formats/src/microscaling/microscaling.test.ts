import { largest } from '@layersense/testing';
import { describe, expect, it } from 'vitest';
import { dequantisedMatrix } from '../dequantised-matrix.js';
import { parseFormat } from '../parse-format.js';
import { differing } from '../test-support/differing.js';
import { holdToReferences, holdToStoredBits } from '../test-support/hold-to-references.js';
import { input, reference } from '../test-support/references.js';
import { squaredError } from '../test-support/squared-error.js';

const tool = 'compressed_tensors';
const mx = { mxfp4: 'mxfp4', mxfp8: 'mxfp8' };

// Powers of two are exact in bfloat16 too, so that C is the same. The 28 are float32 subnormals about
// 1e-40, where PyTorch's conversion to E4M3 and back flushes the type's subnormals: 4.6e-41 apart.
holdToReferences({
  tool,
  keys: mx,
  matrices: ['A', 'B', 'C'],
  residuals: { 'mxfp8 of B': 28 },
});
holdToReferences({ tool, keys: { nvfp4: 'nvfp4' }, matrices: ['A', 'B'] });
holdToStoredBits({ tool, keys: { ...mx, nvfp4: 'nvfp4' }, matrices: ['A', 'B', 'C'] });

it('the 28 values of mxfp8 are at most a subnormal apart', () => {
  const { values, shape } = input('B');
  const theirs = reference(tool, 'B', 'mxfp8').values;
  const apart = dequantisedMatrix(parseFormat('mxfp8'), values, shape).map((y, i) =>
    Math.abs(y - (theirs[i] ?? 0)),
  );
  expect(largest(apart)).toBeLessThan(4.6e-41);
});

it('nvfp4 has an error near that of compressed-tensors computing in bfloat16', () => {
  const { values, shape } = input('C');
  const ours = squaredError(dequantisedMatrix(parseFormat('nvfp4'), values, shape), values);
  const ratio = squaredError(reference(tool, 'C', 'nvfp4').values, values) / ours;
  expect(ratio).toBeGreaterThan(0.99);
  expect(ratio).toBeLessThan(1.01);
});

it('nvfp4 takes a scale of 1 for a matrix that is too small for one', () => {
  const tiny = new Float32Array(16).fill(2 ** -127);
  expect(
    differing(dequantisedMatrix(parseFormat('nvfp4'), tiny, [1, 16]), new Float32Array(16)),
  ).toBe(0);
});

describe('mxfp6, worked by hand', () => {
  const rest = new Array<number>(27).fill(0);

  it('E2M3: 12 has the scale 2^(3 − 2), steps of 1/8 below 2 and of 1/2 from 4 on', () => {
    const values = [12, 0.375, 1.25, 9.5, -10.5];
    const rounded = [12, 0.5, 1.25, 10, -10];
    const out = dequantisedMatrix(
      parseFormat('mxfp6_e2m3'),
      Float32Array.of(...values, ...rest),
      [1, 32],
    );
    expect([...out.subarray(0, 5)]).toEqual(rounded);
  });

  it('E3M2: 30 has the scale 2^(4 − 4) and is cut to 28, steps of 1/16 below 1/4', () => {
    const values = [30, 0.09375, -0.15625, 17, 18];
    const rounded = [28, 0.125, -0.125, 16, 16];
    const out = dequantisedMatrix(
      parseFormat('mxfp6_e3m2'),
      Float32Array.of(...values, ...rest),
      [1, 32],
    );
    expect([...out.subarray(0, 5)]).toEqual(rounded);
  });

  it('six bits and a byte for 32', () => {
    expect(parseFormat('mxfp6_e2m3').bits([2, 64])).toBe(2 * (64 * 6 + 2 * 8));
  });
});

it('says what would fit where 16 or 32 inputs do not divide', () => {
  expect(parseFormat('nvfp4').problemWith([4, 100])).toBe(
    'nvfp4 has groups of 16 inputs, which do not divide the 100 inputs of [4, 100]; int4_channel or int8_channel or fp8_e4m3_channel would fit.',
  );
});
