import { ZERO_SCALE } from '../integers/zero-scale.js';
import type { FormatFamily } from '../names/format-family.js';
import type { MatrixShape, NumericFormat } from '../numeric-format.js';
import { byBlocks } from '../rounding/blockwise.js';
import { largestMagnitude } from '../rounding/extremes.js';
import { byRows } from '../rounding/groupwise.js';
import { largestOfMatrix } from '../rounding/largest-of-matrix.js';
import { shapeProblem } from '../rounding/shape-problem.js';
import { e4m3, toNearestScaled } from './minifloat.js';

const BLOCK = 128;

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
    ...byRows(name, ({ values, bits }, start, end, out) => {
      toNearestScaled(values, start, end, out, scaleOf(largestMagnitude(bits, start, end)), e4m3);
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
    dequantised: (band, { facts }, out = new Float32Array(band.length)) => {
      const largest = facts?.[0];
      if (largest === undefined) throw new Error(`${name} needs the survey of the matrix`);
      toNearestScaled(band, 0, band.length, out, scaleOf(largest), e4m3);
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
    ...byBlocks(name, BLOCK, (values, start, end, out, largest) => {
      toNearestScaled(values, start, end, out, scaleOf(largest), e4m3);
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
