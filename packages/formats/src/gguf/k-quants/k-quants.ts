import type { FormatFamily } from '../../names/format-family.js';
import type { NumericFormat } from '../../numeric-format.js';
import type { GroupRounding } from '../../rounding/groups.js';
import { byGroups } from '../../rounding/groupwise.js';
import { fitAny } from '../../rounding/shape-problem.js';
import { codecs } from './codecs.js';
import { SUPER_BLOCK, type SuperBlockCodec } from './super-block.js';

/** GGUF's formats with two levels of scales, which are searched for. */
export const kQuants: FormatFamily = {
  name: 'gguf_k',
  title: 'GGUF k-quants, super-blocks of 256 with searched scales, as llama.cpp has them',
  patterns: [
    { pattern: 'q{2,3,4,5,6}_k', slots: ['bits'], format: (name, [bits]) => kQuant(name, bits) },
  ],
};

const formulas: Readonly<Record<string, string>> = {
  2: 'y = d s q − dmin m; 16 sub-blocks of 16, s and m of 4 bits; the plain range and sixteen fits of scale and minimum by least squares weighted |x|, of which the one with the least Σ |x| |y − x| stays',
  3: 'y = d s (q − 4); 16 sub-blocks of 16, s signed of 6 bits; from the first codes on each in turn becomes the best for the scale of the others, errors weighted x², five rounds',
  4: 'y = d s q − dmin m; 8 sub-blocks of 32, s and m of 6 bits; the plain range and twenty-one fits of scale and minimum by least squares weighted |x| + rms, of which the best stays',
  5: 'y = d s q − dmin m; 8 sub-blocks of 32, s and m of 6 bits; the plain range and sixteen fits of scale and minimum by least squares weighted |x| + rms, of which the best stays',
  6: 'y = d s (q − 32); 16 sub-blocks of 16, s signed of 8 bits; nineteen fits of the scale by least squares weighted x², of which the best stays',
};

/** What llama-quantize takes for a matrix whose inputs 256 does not divide. */
const fallbacks: Readonly<Record<string, string>> = {
  2: 'q4_0',
  3: 'q4_0',
  4: 'q5_0',
  5: 'q5_1',
  6: 'q8_0',
};

function kQuant(name: string, bits = ''): NumericFormat {
  const codec = codecs[bits];
  if (codec === undefined) throw new RangeError(`${name} has no codec`);
  const alternatives = [{ name: fallbacks[bits] ?? '', groupSize: 32 }, ...fitAny];
  return {
    name,
    family: kQuants.name,
    definition: `Super-blocks of 256 inputs in float32, d and dmin in float16: ${formulas[bits]}; then every code anew for the stored scales. llama.cpp without an importance matrix (ggml-quants.c, quantize_row_q${bits}_K_ref).`,
    roundsLike: [`llama-quantize without --imatrix, for a tensor of type ${name.toUpperCase()}`],
    differsFrom: ['llama-quantize with --imatrix searches with other weights and more trials'],
    searched: true,
    ...byGroups(name, SUPER_BLOCK, throughStoredBytes(codec), alternatives),
    bits: ([outputs, inputs]) => outputs * (inputs / SUPER_BLOCK) * codec.bytes * 8,
  };
}

/** What is stored is the only truth: it is written and read again. */
function throughStoredBytes(codec: SuperBlockCodec): GroupRounding {
  const raw = new Uint8Array(codec.bytes);
  return {
    width: 0,
    measure: () => undefined,
    round: (values, out, { bounds, first, last }) => {
      for (let group = first; group < last; group++) {
        const at = bounds[group] ?? 0;
        codec.encode(values, at, raw, 0);
        codec.decode(raw, 0, out, at);
      }
    },
  };
}
