import type { FormatFamily } from '../names/format-family.js';
import { elementwise } from '../rounding/elementwise.js';

export const bfloat16: FormatFamily = {
  name: 'float',
  title: 'Floating point without scales, the reference that nothing is quantised in',
  patterns: [
    {
      pattern: 'bf16',
      slots: [],
      format: (name) => ({
        name,
        family: 'float',
        definition:
          'bfloat16, the upper half of a float32: rounded to the nearest, halves to even. A checkpoint in bfloat16 is unchanged.',
        roundsLike: ['PyTorch', 'safetensors', 'every tool here'],
        differsFrom: [],
        searched: false,
        ...elementwise(name, 16, roundToBfloat16),
      }),
    },
  ],
};

function roundToBfloat16(values: Float32Array, out: Float32Array): void {
  out.set(values);
  const bits = new Uint32Array(out.buffer, out.byteOffset, out.length);
  for (let i = 0; i < bits.length; i++) {
    const word = bits[i] ?? 0;
    bits[i] = (word + 0x7fff + ((word >>> 16) & 1)) & 0xffff0000;
  }
}
