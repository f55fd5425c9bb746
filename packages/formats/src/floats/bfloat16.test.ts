import { expect, it } from 'vitest';
import { dequantisedMatrix } from '../dequantised-matrix.js';
import { parseFormat } from '../parse-format.js';
import { differing } from '../test-support/differing.js';
import { input } from '../test-support/references.js';

const bf16 = parseFormat('bf16');

it('rounds to eight bits of mantissa, halves to even, subnormals too', () => {
  const step = 2 ** -7;
  const values = Float32Array.of(
    1 + step / 2,
    1 + 1.5 * step,
    1 + 0.51 * step,
    -1.25,
    2 ** -133 * 1.5,
  );
  const rounded = Float32Array.of(1, 1 + 2 * step, 1 + step, -1.25, 2 ** -132);
  expect(differing(dequantisedMatrix(bf16, values, [1, 5]), rounded)).toBe(0);
});

it('leaves a matrix in bfloat16 as it is', () => {
  const { values, shape } = input('C');
  expect(differing(dequantisedMatrix(bf16, values, shape), values)).toBe(0);
  expect(bf16.bits(shape)).toBe(16 * 1024);
});
