import type { FormatFamily } from '../names/format-family.js';
import type { NumericFormat } from '../numeric-format.js';
import { shapeProblem } from '../rounding/shape-problem.js';
import { toFloat16 } from './float16.js';

export const plainFloats: FormatFamily = {
  name: 'float',
  title: 'Floating point without scales, to compare with',
  patterns: [
    {
      pattern: 'bf16',
      slots: [],
      format: (name) =>
        floatFormat(
          name,
          16,
          'bfloat16, the upper half of a float32: the nearest, halves to even',
          roundToBfloat16,
        ),
    },
    {
      pattern: 'fp16',
      slots: [],
      format: (name) =>
        floatFormat(
          name,
          16,
          'float16 (IEEE 754 binary16): the nearest, halves to even; beyond 65504 it has no values',
          roundToFloat16,
        ),
    },
    {
      pattern: 'fp32',
      slots: [],
      format: (name) =>
        floatFormat(name, 32, 'float32, unchanged', (values, out) => out.set(values)),
    },
  ],
};

function floatFormat(
  name: string,
  bits: number,
  what: string,
  round: (values: Float32Array, out: Float32Array) => void,
): NumericFormat {
  return {
    name,
    family: plainFloats.name,
    definition: `${what}.`,
    roundsLike: ['every tool'],
    differsFrom: [],
    searched: false,
    problemWith: (shape) => shapeProblem({ name, groupSize: 1 }, shape, []),
    bits: ([outputs, inputs]) => outputs * inputs * bits,
    bandRows: () => 1,
    dequantised: (band, _place, out = new Float32Array(band.length)) => {
      round(band, out);
      return out;
    },
  };
}

function roundToBfloat16(values: Float32Array, out: Float32Array): void {
  out.set(values);
  const bits = new Uint32Array(out.buffer, out.byteOffset, out.length);
  for (let i = 0; i < bits.length; i++) {
    const word = bits[i] ?? 0;
    bits[i] = (word + 0x7fff + ((word >>> 16) & 1)) & 0xffff0000;
  }
}

function roundToFloat16(values: Float32Array, out: Float32Array): void {
  for (let i = 0; i < values.length; i++) out[i] = toFloat16(values[i] ?? 0);
}
