import type { FormatFamily } from '../names/format-family.js';
import type { NumericFormat } from '../numeric-format.js';
import type { GroupRounding } from '../rounding/groups.js';
import { byGroups } from '../rounding/groupwise.js';
import { roundFromLargest } from './from-largest.js';
import { roundQ8 } from './q8-0.js';
import { roundRange } from './range.js';

const BLOCK = 32;

/** GGUF's first formats: nothing is searched for. */
export const legacyGguf: FormatFamily = {
  name: 'gguf',
  title: 'GGUF blocks of 32 with float16 scales, as llama.cpp has them',
  patterns: [
    {
      pattern: 'q{4,5}_0',
      slots: ['bits'],
      format: (name, [bits]) => fromLargest(name, Number(bits)),
    },
    { pattern: 'q{4,5}_1', slots: ['bits'], format: (name, [bits]) => range(name, Number(bits)) },
    { pattern: 'q8_0', slots: [], format: q8 },
  ],
};

function fromLargest(name: string, bits: number): NumericFormat {
  const half = 2 ** (bits - 1);
  return ggufFormat(
    name,
    bits * BLOCK + 16,
    roundFromLargest(bits),
    `d = m / −${half} with m the first value of largest magnitude, q = ⌊x (1 / d) + ${half}.5⌋ of 0 … ${2 * half - 1}, y = (q − ${half}) float16(d)`,
    [`AutoRound computes its codes from the float16 scale`],
  );
}

function range(name: string, bits: number): NumericFormat {
  return ggufFormat(
    name,
    bits * BLOCK + 32,
    roundRange(bits),
    `d = (max − min) / ${2 ** bits - 1}, q = ⌊(x − min) (1 / d) + 0.5⌋ of 0 … ${2 ** bits - 1}, y = q float16(d) + float16(min)`,
  );
}

function q8(name: string): NumericFormat {
  return ggufFormat(
    name,
    8 * BLOCK + 16,
    roundQ8,
    'd = max |x| / 127, q = x (1 / d) to the nearest integer, halves away from zero, y = q float16(d)',
  );
}

function ggufFormat(
  name: string,
  bitsPerBlock: number,
  rounding: GroupRounding,
  formula: string,
  differsFrom: readonly string[] = [],
): NumericFormat {
  return {
    name,
    family: legacyGguf.name,
    definition: `Blocks of 32 inputs in float32: ${formula}. Codes come of the d that is not yet rounded to float16; 1 / d counts as 0 where it overflows. gguf 0.19.0 (gguf-py/gguf/quants.py) and llama.cpp (ggml-quants.c, quantize_row_${name}_ref).`,
    roundsLike: [`llama-quantize ${name.toUpperCase()} without --imatrix`],
    differsFrom,
    searched: false,
    ...byGroups(name, BLOCK, rounding),
    bits: ([outputs, inputs]) => outputs * (inputs / BLOCK) * bitsPerBlock,
  };
}
