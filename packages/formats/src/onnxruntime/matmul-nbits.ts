import type { FormatFamily } from '../names/format-family.js';
import type { NumericFormat } from '../numeric-format.js';
import { byGroupsAndRest, type RoundGroup } from '../rounding/groupwise.js';
import { asymmetricBlocks, symmetricBlocks } from './default-blocks.js';
import { asymmetricRtn, symmetricRtn } from './rtn-blocks.js';

const sizes = [16, 32, 64, 128, 256];

/** Blocks of ONNX Runtime's operator MatMulNBits, of a float32 model. */
export const matmulNbits: FormatFamily = {
  name: 'ort',
  title: 'Blocks of ONNX Runtime’s MatMulNBits, by its default algorithm or by RTN',
  patterns: [
    {
      pattern: `ort_int{2,4,8}_b{${sizes}}[_asym]`,
      slots: ['bits', 'block size'],
      format: (name, [bits, size, asymmetric]) =>
        asymmetric
          ? matmulNbitsFormat(
              name,
              Number(bits),
              Number(size),
              true,
              byDefaultAsymmetric(Number(bits)),
              asymmetricBlocks(Number(bits)),
            )
          : matmulNbitsFormat(
              name,
              Number(bits),
              Number(size),
              false,
              byDefault(Number(bits)),
              symmetricBlocks(Number(bits)),
            ),
    },
    {
      pattern: `ort_rtn_int{4,8}_b{${sizes}}[_asym]`,
      slots: ['bits', 'block size'],
      format: (name, [bits, size, asymmetric]) =>
        asymmetric
          ? matmulNbitsFormat(
              name,
              Number(bits),
              Number(size),
              true,
              byRtnAsymmetric(Number(bits)),
              asymmetricRtn(Number(bits), Number(size)),
            )
          : matmulNbitsFormat(
              name,
              Number(bits),
              Number(size),
              false,
              byRtn(Number(bits)),
              symmetricRtn(Number(bits)),
            ),
    },
  ],
};

interface Algorithm {
  readonly roundsLike: string;
  readonly formula: string;
  readonly source: string;
}

const DEFAULT = {
  roundsLike: 'MatMulNBitsQuantizer, DefaultWeightOnlyQuantConfig',
  source: 'onnxruntime 1.30.0 (core/mlas/lib/q4_dq.cpp)',
};
const RTN = {
  roundsLike: 'MatMulNBitsQuantizer, RTNWeightOnlyQuantConfig',
  source:
    'onnxruntime 1.30.0 (python/tools/quantization/neural_compressor/weight_only.py, quant_tensor)',
};

function byDefault(bits: number): Algorithm {
  const half = 2 ** (bits - 1);
  return {
    ...DEFAULT,
    formula: `s = m / −${half} with m the value of largest magnitude, the least where two have it, q = x (1 / s) + ${half} to the nearest of 0 … ${2 * half - 1}, halves away from zero, y = (q − ${half}) s, in float32`,
  };
}

function byDefaultAsymmetric(bits: number): Algorithm {
  const steps = 2 ** bits - 1;
  return {
    ...DEFAULT,
    formula: `s = (max − min) / ${steps} of the values and 0, zero point z = −min / s to the nearest, q = x (1 / s) + z to the nearest of 0 … ${steps}, halves away from zero, y = (q − z) s, in float32`,
  };
}

function byRtn(bits: number): Algorithm {
  const half = 2 ** (bits - 1);
  return {
    ...RTN,
    formula: `s = 2 max |x| / ${2 * half - 1}, q = x / s + ${half} to the nearest of 0 … ${2 * half - 1}, halves to even, in float64, y = (q − ${half}) float32(s)`,
  };
}

function byRtnAsymmetric(bits: number): Algorithm {
  const steps = 2 ** bits - 1;
  return {
    ...RTN,
    formula: `s = (max − min) / ${steps} of the values without 0, so that a block of one sign saturates, zero point z = −min / s to the nearest of 0 … ${steps}, q = x / s + z likewise, halves to even, in float64, y = (q − z) float32(s)`,
  };
}

function matmulNbitsFormat(
  name: string,
  bits: number,
  size: number,
  asymmetric: boolean,
  { formula, source, roundsLike }: Algorithm,
  round: RoundGroup,
): NumericFormat {
  return {
    name,
    family: matmulNbits.name,
    definition: `${bits}-bit integers in blocks of ${size} inputs, the last of an output filled up with zeros: ${formula}. ${source}. Scales are the float32 of a float32 model.`,
    roundsLike: [roundsLike],
    differsFrom: ['the k_quant algorithm, which searches its scales'],
    searched: false,
    ...byGroupsAndRest(name, size, round),
    bits: ([outputs, inputs]) => {
      const blocks = Math.ceil(inputs / size);
      const zeroPoints = asymmetric ? Math.ceil((blocks * bits) / 8) * 8 : 0;
      return outputs * (blocks * (size * bits + 32) + zeroPoints);
    },
  };
}
