import type { FormatFamily } from '../names/format-family.js';
import type { NumericFormat } from '../numeric-format.js';
import { byGroups } from '../rounding/groupwise.js';
import type { Alternative } from '../rounding/shape-problem.js';
import { affine } from './affine.js';

const groupSizes = [32, 64, 128];

export const mlx: FormatFamily = {
  name: 'mlx',
  title: 'MLX affine: integers with a scale and a bias per group of inputs',
  patterns: [
    {
      pattern: `mlx{2,3,4,5,6,8}_g{${groupSizes}}`,
      slots: ['bits', 'group size'],
      format: (name, [bits, groupSize]) => mlxFormat(name, Number(bits), Number(groupSize)),
    },
  ],
};

function mlxFormat(name: string, bits: number, groupSize: number): NumericFormat {
  const alternatives: Alternative[] = groupSizes.map((size) => ({
    name: `mlx${bits}_g${size}`,
    groupSize: size,
  }));
  return {
    name,
    family: mlx.name,
    definition: `${bits}-bit integers 0 … ${2 ** bits - 1} with a scale and a bias for each ${groupSize} inputs of an output: e = max or min, whichever is farther from 0, s = ±(max − min) / ${2 ** bits - 1} of the sign opposite to e and of a magnitude of at least 10⁻⁷, then, where r = e / s to the nearest integer is not 0, s = e / r and bias e, and else bias 0; q = (x − bias) / s to the nearest, halves to even, y = q s + bias, in float32 throughout. MLX 0.32.1 (mlx/backend/cpu/quantized.cpp, quantize; mlx/ops.cpp, affine_quantize and affine_dequantize). Its scales and biases have the type of the weights: 16 bits each are counted, and the values are those of float32 weights.`,
    roundsLike: ['mlx.core.quantize, mode "affine"', 'mlx_lm.convert'],
    differsFrom: [],
    searched: false,
    ...byGroups(name, groupSize, affine(bits), alternatives),
    bits: ([outputs, inputs]) => outputs * (inputs * bits + (inputs / groupSize) * 32),
  };
}
