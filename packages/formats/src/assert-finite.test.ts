import { expect, it } from 'vitest';
import { assertFiniteDequantised, assertFiniteWeights } from './assert-finite.js';
import { assertFits } from './assert-fits.js';
import { parseFormat } from './parse-format.js';

it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
  'refuses %s, naming the element of the parameter',
  (bad) => {
    const values = Float32Array.of(1, 3e38, bad, 3e38);
    expect(() => assertFiniteWeights('w', values, 10)).toThrow(
      expect.objectContaining({
        code: 'non_finite_weight',
        context: { parameter: 'w', element: 12 },
      }),
    );
    expect(() => assertFiniteDequantised('w', 'fp16', values, 10)).toThrow(
      expect.objectContaining({
        code: 'format_overflow',
        message: expect.stringContaining(`fp16 cannot hold w: element 12 becomes ${bad}.`),
      }),
    );
  },
);

it('takes what is finite, however large its sum', () => {
  const values = Float32Array.of(3e38, 3e38, -0, 1e-45);
  expect(() => assertFiniteWeights('w', values)).not.toThrow();
  expect(() => assertFiniteDequantised('w', 'bf16', values)).not.toThrow();
});

it('refuses a shape with the name of the parameter', () => {
  const format = parseFormat('int4_g64');
  expect(() => assertFits(format, 'model.w', [4, 100])).toThrow(
    expect.objectContaining({
      code: 'format_unsuitable',
      message: expect.stringMatching(/^model\.w: int4_g64 has groups of 64 inputs/),
      context: { parameter: 'model.w', format: 'int4_g64', shape: '4x100' },
    }),
  );
  expect(() => assertFits(format, 'model.w', [4, 128])).not.toThrow();
  expect(() => format.dequantised(new Float32Array(400), { shape: [4, 100], firstRow: 0 })).toThrow(
    expect.objectContaining({ code: 'format_unsuitable' }),
  );
});
