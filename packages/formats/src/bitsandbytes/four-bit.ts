import type { FormatFamily } from '../names/format-family.js';
import type { BandPlace, MatrixShape, NumericFormat } from '../numeric-format.js';
import { largestMagnitudes } from '../rounding/extremes.js';
import { groupBounds, roundGroups } from '../rounding/groups.js';
import { shapeProblem } from '../rounding/shape-problem.js';
import { NESTED_BLOCK, surveyBlocks } from './double-quantisation.js';
import { toNearestValue, type ValueTable, valueTable } from './nearest-value.js';

const BLOCK = 64;

interface Values {
  readonly table: ValueTable;
  readonly inWords: string;
}

const nf4: Values = {
  inWords:
    'The 16 values of NF4, quantiles of the normal distribution from −1 to 1 (QLoRA, arXiv 2305.14314)',
  table: valueTable([
    -1, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635,
    -0.18477343022823334, -0.09105003625154495, 0, 0.07958029955625534, 0.16093020141124725,
    0.24611230194568634, 0.33791524171829224, 0.44070982933044434, 0.5626170039176941,
    0.7229568362236023, 1,
  ]),
};

const third = [1 / 192, 1 / 6, 1 / 4, 1 / 3, 1 / 2, 2 / 3, 1];
const fp4: Values = {
  inWords: 'The 15 values of bitsandbytes’ FP4, ±1, ±2/3, ±1/2, ±1/3, ±1/4, ±1/6, ±1/192 and 0',
  table: valueTable([...third.map((value) => -value).reverse(), 0, ...third]),
};

/** Four bits as bitsandbytes has them: a table of values, and blocks of the flattened matrix. */
export const fourBit: FormatFamily = {
  name: 'bitsandbytes',
  title: 'bitsandbytes’ four bits, with double quantisation of the scales or (nodq) without',
  patterns: [
    {
      pattern: 'nf4[_nodq]',
      slots: [],
      format: (name, [nodq]) => fourBitFormat(name, nf4, nodq === ''),
    },
    {
      pattern: 'bnb_fp4[_nodq]',
      slots: [],
      format: (name, [nodq]) => fourBitFormat(name, fp4, nodq === ''),
    },
  ],
};

function fourBitFormat(name: string, values: Values, doubly: boolean): NumericFormat {
  const format = {
    name,
    family: fourBit.name,
    definition: definition(values, doubly),
    roundsLike: [`bitsandbytes Linear4bit${doubly ? ', bnb_4bit_use_double_quant' : ''}`],
    differsFrom: [],
    searched: false,
    problemWith: (shape) => shapeProblem({ name, groupSize: 1 }, shape, []),
    bandRows: ([, inputs]) => BLOCK / greatestCommonDivisor(BLOCK, inputs),
    bits: (shape) => bits(shape, doubly),
    dequantised: (band, place, out = new Float32Array(band.length)) => {
      if (doubly && place.facts === undefined) {
        throw new Error(`${name} needs the survey of the matrix`);
      }
      roundBlocks(band, place, out, values.table);
      return out;
    },
  } satisfies NumericFormat;
  return doubly
    ? { ...format, survey: ([outputs, inputs]) => surveyBlocks(outputs * inputs, BLOCK) }
    : format;
}

/** Blocks run on over the ends of rows; their stored scales are facts, where these are not what they are. */
function roundBlocks(
  band: Float32Array,
  { shape: [, inputs], firstRow, facts }: BandPlace,
  out: Float32Array,
  table: ValueTable,
): void {
  const firstBlock = (firstRow * inputs) / BLOCK;
  roundGroups(band, out, groupBounds(band.length, band.length, BLOCK), {
    width: 2,
    measure: ({ bits: words }, groups) => {
      largestMagnitudes(words, groups, 2);
      const { parameters, first, last } = groups;
      for (let block = first, at = 0; block < last; block++, at += 2) {
        parameters[at + 1] = facts?.[firstBlock + block] ?? parameters[at] ?? 0;
      }
    },
    round: (values, to, groups) => toNearestValue(values, to, groups, table),
  });
}

/** Two codes a byte; scales of four bytes each, or of one byte and four more for 256 of them and for their mean. */
function bits([outputs, inputs]: MatrixShape, doubly: boolean): number {
  const codes = Math.ceil((outputs * inputs) / 2) * 8;
  const blocks = Math.ceil((outputs * inputs) / BLOCK);
  return codes + (doubly ? blocks * 8 + Math.ceil(blocks / NESTED_BLOCK) * 32 + 32 : blocks * 32);
}

function definition({ inWords }: Values, doubly: boolean): string {
  const scale = doubly
    ? 'double quantisation replaces a by A c + m in y, with m the mean of all a (summed in float64, where PyTorch sums in float32), A the largest |a − m| of 256 blocks, c the nearest of the 256 values of create_dynamic_map to (a − m) (1 / A)'
    : 'a is a float32';
  return `${inWords}, in blocks of 64 values of the flattened matrix: a = max |x|, y = a times the nearest value to x (1 / a), the lower one halfway between two, in float32; ${scale}. bitsandbytes 0.50.2 (backends/default/ops.py, functional.py).`;
}

function greatestCommonDivisor(left: number, right: number): number {
  return right === 0 ? left : greatestCommonDivisor(right, left % right);
}
