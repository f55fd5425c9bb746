import { expect, it } from 'vitest';
import { dequantisedMatrix } from '../dequantised-matrix.js';
import { parseFormat } from '../parse-format.js';
import { differing } from '../test-support/differing.js';
import { input } from '../test-support/references.js';

const [bf16, fp16, fp32] = ['bf16', 'fp16', 'fp32'].map(parseFormat);

it('bf16 rounds to eight bits of mantissa, halves to even, subnormals too', () => {
  const step = 2 ** -7;
  const values = Float32Array.of(
    1 + step / 2,
    1 + 1.5 * step,
    1 + 0.51 * step,
    -1.25,
    2 ** -133 * 1.5,
  );
  const rounded = Float32Array.of(1, 1 + 2 * step, 1 + step, -1.25, 2 ** -132);
  expect(differing(dequantisedMatrix(parseFormat('bf16'), values, [1, 5]), rounded)).toBe(0);
});

it('bf16 leaves a matrix in bfloat16 as it is, fp32 every matrix', () => {
  const { values, shape } = input('C');
  expect(differing(dequantisedMatrix(parseFormat('bf16'), values, shape), values)).toBe(0);
  const { values: other, shape: otherShape } = input('B');
  expect(differing(dequantisedMatrix(parseFormat('fp32'), other, otherShape), other)).toBe(0);
});

it('fp16 rounds each value, to infinity beyond 65504', () => {
  const out = dequantisedMatrix(parseFormat('fp16'), Float32Array.of(0.1, 7e4), [1, 2]);
  expect([...out]).toEqual([0.0999755859375, Number.POSITIVE_INFINITY]);
});

it('count their own bits', () => {
  expect([bf16, fp16, fp32].map((format) => format?.bits([3, 5]))).toEqual([240, 240, 480]);
});
