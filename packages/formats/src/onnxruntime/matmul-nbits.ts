import type { FormatFamily } from '../names/format-family.js';
import type { NumericFormat } from '../numeric-format.js';
import { byGroupsAndRest } from '../rounding/groupwise.js';
import type { BlockAlgorithm } from './block-algorithm.js';
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
        matmulNbitsFormat(
          name,
          Number(size),
          asymmetric ? asymmetricBlocks(Number(bits)) : symmetricBlocks(Number(bits)),
        ),
    },
    {
      pattern: `ort_rtn_int{4,8}_b{${sizes}}[_asym]`,
      slots: ['bits', 'block size'],
      format: (name, [bits, size, asymmetric]) =>
        matmulNbitsFormat(
          name,
          Number(size),
          asymmetric ? asymmetricRtn(Number(bits), Number(size)) : symmetricRtn(Number(bits)),
        ),
    },
  ],
};

function matmulNbitsFormat(name: string, size: number, algorithm: BlockAlgorithm): NumericFormat {
  const { bits, hasZeroPoints, configuredBy, formula, source, rounding } = algorithm;
  return {
    name,
    family: matmulNbits.name,
    definition: `${bits}-bit integers in blocks of ${size} inputs, the last of an output filled up with zeros: ${formula}. ${source}. Scales are the float32 of a float32 model.`,
    roundsLike: [`MatMulNBitsQuantizer, ${configuredBy}`],
    differsFrom: ['the algorithm k_quant, which searches its scales'],
    searched: false,
    ...byGroupsAndRest(name, size, rounding),
    bits: ([outputs, inputs]) => {
      const blocks = Math.ceil(inputs / size);
      const zeroPoints = hasZeroPoints ? Math.ceil((blocks * bits) / 8) * 8 : 0;
      return outputs * (blocks * (size * bits + 32) + zeroPoints);
    },
  };
}
