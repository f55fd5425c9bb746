import type { FormatFamily } from '../names/format-family.js';
import type { NumericFormat } from '../numeric-format.js';
import { byGroups, byRows } from '../rounding/groupwise.js';
import type { Alternative } from '../rounding/shape-problem.js';
import { asymmetricInt } from './int-asymmetric.js';
import { symmetricInt } from './int-symmetric.js';

const groupSizes = [16, 32, 64, 128];

/** Integers as compressed-tensors stores them (`pack-quantized`) and vLLM serves them. */
export const int: FormatFamily = {
  name: 'int',
  title: 'Integers with a scale per group of inputs or per output, as compressed-tensors has them',
  patterns: [
    {
      pattern: `int{2,3,4,5,6,8}_g{${groupSizes}}[_asym]`,
      slots: ['bits', 'group size'],
      format: (name, [bits, groupSize, asymmetric]) =>
        intFormat(name, Number(bits), Number(groupSize), asymmetric === '_asym'),
    },
    {
      pattern: 'int{2,3,4,5,6,8}_channel[_asym]',
      slots: ['bits'],
      format: (name, [bits, asymmetric]) =>
        intFormat(name, Number(bits), undefined, asymmetric === '_asym'),
    },
  ],
};

function intFormat(
  name: string,
  bits: number,
  groupSize: number | undefined,
  asymmetric: boolean,
): NumericFormat {
  const rounding = asymmetric ? asymmetricInt(bits) : symmetricInt(bits);
  return {
    name,
    family: int.name,
    definition: definition(bits, groupSize, asymmetric),
    roundsLike: ['llm-compressor (compressed-tensors)'],
    differsFrom: differences(bits, asymmetric),
    searched: false,
    ...(groupSize === undefined
      ? byRows(name, rounding)
      : byGroups(name, groupSize, rounding, alternatives(bits, asymmetric))),
    bits: ([outputs, inputs]) => {
      const groups = groupSize === undefined ? 1 : inputs / groupSize;
      const zeroPoints = asymmetric ? groups * wholeInts(outputs * bits) : 0;
      return outputs * (wholeInts(inputs * bits) + groups * 16) + zeroPoints;
    },
  };
}

/** Codes are packed densely along a row and zero points along a column, each into whole int32. */
function wholeInts(bits: number): number {
  return Math.ceil(bits / 32) * 32;
}

function alternatives(bits: number, asymmetric: boolean): Alternative[] {
  const suffix = asymmetric ? '_asym' : '';
  return [
    ...groupSizes.map((size) => ({ name: `int${bits}_g${size}${suffix}`, groupSize: size })),
    { name: `int${bits}_channel${suffix}`, groupSize: 1 },
  ];
}

function definition(bits: number, groupSize: number | undefined, asymmetric: boolean): string {
  const per = groupSize === undefined ? 'each output' : `each ${groupSize} inputs of an output`;
  const half = 2 ** (bits - 1);
  const formula = asymmetric
    ? `s = (max − min) / ${2 * half - 1} of the values and 0, zero point z = −${half} − min / s, q = x / s + z, y = (q − z) s`
    : `s = max |x| / ${half - 0.5}, q = x / s, y = q s`;
  return `${bits}-bit integers −${half} … ${half - 1} with a scale${asymmetric ? ' and a zero point' : ''} for ${per}: ${formula}, rounded to the nearest, halves to even, in float32 throughout; s = 2⁻²³ where it would be 0. compressed-tensors 0.18.0 (quantization/utils/helpers.py, quantization/lifecycle/forward_helpers.py), pack-quantized. It computes in the type of the checkpoint and stores scales in it: 16 bits each are counted, and the values are those of a float32 checkpoint; in bfloat16 its own rounding adds to the error of 8 bits.`;
}

function differences(bits: number, asymmetric: boolean): string[] {
  if (asymmetric) {
    return [
      'torchao and ONNX Runtime multiply by the rounded reciprocal of the scale, and ONNX Runtime rounds halves away from zero',
      'AutoRound has float16 scales, which its codes come of',
    ];
  }
  const half = 2 ** (bits - 1);
  const divideByHighest = bits === 8 ? 'ModelOpt and GGUF divide' : 'ModelOpt divides';
  const divideByLowest =
    bits === 8 ? 'AutoRound and ONNX Runtime' : 'AutoRound, ONNX Runtime and GGUF';
  return [
    'torchao multiplies by the rounded reciprocal of the scale',
    `${divideByHighest} the largest magnitude by ${half - 1}`,
    `${divideByLowest} divide the value of largest magnitude by −${half}`,
  ];
}
