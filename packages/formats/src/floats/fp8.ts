import { ZERO_SCALE } from '../integers/zero-scale.js';
import type { FormatFamily } from '../names/format-family.js';
import type { MatrixShape, NumericFormat } from '../numeric-format.js';
import { byBlocks } from '../rounding/blockwise.js';
import { largestMagnitudes } from '../rounding/extremes.js';
import { groupBounds, roundGroups } from '../rounding/groups.js';
import { byRows } from '../rounding/groupwise.js';
import { largestOfMatrix } from '../rounding/largest-of-matrix.js';
import { shapeProblem } from '../rounding/shape-problem.js';
import { e4m3 } from './minifloat.js';
import { bitTable, toNearestByBits } from './nearest-by-bits.js';

const BLOCK = 128;

const table = bitTable(e4m3);

/** FP8 as compressed-tensors stores it (`float-quantized`) and vLLM serves it. */
export const fp8: FormatFamily = {
  name: 'fp8',
  title:
    'FP8 (E4M3) with a scale per output, per matrix or per block, as compressed-tensors has it',
  patterns: [
    {
      pattern: 'fp8_e4m3_{channel,tensor,block128}',
      slots: ['scales'],
      format: (name, [scales]) =>
        scales === 'channel'
          ? perChannel(name)
          : scales === 'tensor'
            ? perTensor(name)
            : perBlock(name),
    },
  ],
};

function perChannel(name: string): NumericFormat {
  return {
    ...described(name, 'each output', ([outputs]) => outputs),
    roundsLike: ['llm-compressor (compressed-tensors)'],
    differsFrom: [
      'ModelOpt multiplies by rounded reciprocals, and makes 0 of outputs below 2⁻²⁴',
      'torchao makes NaN of an output that is all zero',
    ],
    ...byRows(name, {
      width: 1,
      measure: ({ bits }, groups) => {
        largestMagnitudes(bits, groups, 1);
        const { parameters, first, last } = groups;
        for (let at = 0; at < last - first; at++) parameters[at] = scaleOf(parameters[at] ?? 0);
      },
      round: (values, out, groups) => toNearestByBits(values, out, groups, table),
    }),
  };
}

function perTensor(name: string): NumericFormat {
  return {
    ...described(name, 'the matrix', () => 1),
    roundsLike: ['llm-compressor (compressed-tensors)', 'ModelOpt'],
    differsFrom: [],
    problemWith: (shape) => shapeProblem({ name, groupSize: 1 }, shape, []),
    bandRows: () => 1,
    survey: largestOfMatrix,
    dequantised: (band, { shape: [, inputs], facts }, out = new Float32Array(band.length)) => {
      const largest = facts?.[0];
      if (largest === undefined) throw new Error(`${name} needs the survey of the matrix`);
      const scale = scaleOf(largest);
      roundGroups(band, out, groupBounds(band.length, inputs, inputs), {
        width: 1,
        measure: (_, { first, last, parameters }) => parameters.fill(scale, 0, last - first),
        round: (values, to, groups) => toNearestByBits(values, to, groups, table),
      });
      return out;
    },
  };
}

function perBlock(name: string): NumericFormat {
  const blocks = ([outputs, inputs]: MatrixShape) =>
    Math.ceil(outputs / BLOCK) * Math.ceil(inputs / BLOCK);
  return {
    ...described(name, `each block of ${BLOCK} × ${BLOCK}, which may end with the matrix`, blocks),
    roundsLike: ['llm-compressor (compressed-tensors)', 'ModelOpt'],
    differsFrom: [],
    ...byBlocks(name, BLOCK, scaleOf, (values, out, groups) => {
      toNearestByBits(values, out, groups, table);
    }),
  };
}

function scaleOf(largest: number): number {
  return Math.fround(largest / e4m3.largest) || ZERO_SCALE;
}

function described(name: string, per: string, scales: (shape: MatrixShape) => number) {
  return {
    name,
    family: fp8.name,
    definition: `FP8 E4M3 with a scale for ${per}: s = max |x| / 448, y = s times the nearest E4M3 of x / s, halves to the even mantissa, in float32 throughout; s = 2⁻²³ where it would be 0. compressed-tensors 0.18.0 (quantization/utils/helpers.py, quantization/lifecycle/forward_helpers.py). Its scales have the type of the checkpoint: 16 bits each are counted, and the values are those of a float32 checkpoint.`,
    searched: false,
    bits: (shape: MatrixShape) => shape[0] * shape[1] * 8 + scales(shape) * 16,
  } as const;
}
