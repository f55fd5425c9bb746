import type { FormatFamily } from '../names/format-family.js';
import type { NumericFormat } from '../numeric-format.js';
import type { GroupRounding } from '../rounding/groups.js';
import { byGroups } from '../rounding/groupwise.js';
import { type Element, fp4, fp6E2m3, fp6E3m2, fp8E4m3 } from './elements.js';
import { evenScale, floorScale } from './power-of-two-scale.js';

const GROUP = 32;

/** Groups of 32 with a power of two as their scale (OCP Microscaling Formats 1.0). */
export const mx: FormatFamily = {
  name: 'mx',
  title: 'Microscaling: 32 small floats with a power of two as their scale',
  patterns: [
    {
      pattern: 'mxfp{4,8}',
      slots: ['bits'],
      format: (name, [bits]) => (bits === '4' ? mxfp4(name) : mxfp8(name)),
    },
    {
      pattern: 'mxfp6_{e2m3,e3m2}',
      slots: ['elements'],
      format: (name, [elements]) => mxfp6(name, elements === 'e2m3' ? fp6E2m3 : fp6E3m2),
    },
  ],
};

function mxfp4(name: string): NumericFormat {
  return {
    ...evenFormat(name, fp4),
    roundsLike: ['llm-compressor (compressed-tensors)', 'torchao (scale calculation EVEN)'],
    differsFrom: [
      ...otherExponents,
      'ModelOpt and torchao (RCEIL) take one more from 1.5 on, where max |x| would be clipped',
    ],
  };
}

function mxfp8(name: string): NumericFormat {
  return {
    ...evenFormat(name, fp8E4m3),
    roundsLike: ['llm-compressor (compressed-tensors)'],
    differsFrom: [
      ...otherExponents,
      'ModelOpt and torchao (RCEIL) only where max |x| is exactly 1.75 times a power of two',
    ],
  };
}

const otherExponents = [
  'AutoRound, GGUF and torchao (FLOOR) never take one more',
  'MLX rounds log₂(max |x| / the largest element) to the nearest exponent',
];

function evenFormat(name: string, element: Element) {
  return {
    ...mxFormat(name, element, evenScale(element)),
    definition: `${inGroups(element)}: e = ⌊log₂ max |x|⌋ − ${element.exponent}, one more where max |x| is 1.75 times its power of two or above, and at least −127. compressed-tensors 0.18.0 (quantization/utils/mxfp_utils.py).`,
  };
}

function mxfp6(name: string, element: Element): NumericFormat {
  return {
    ...mxFormat(name, element, floorScale(element)),
    definition: `${inGroups(element)}: e = ⌊log₂ max |x|⌋ − ${element.exponent}, at least −127. OCP Microscaling Formats 1.0, section 6.3; not held to a tool's own output.`,
    roundsLike: ['the specification alone'],
    differsFrom: [],
  };
}

function mxFormat(name: string, { bits }: Element, rounding: GroupRounding) {
  return {
    name,
    family: mx.name,
    searched: false,
    ...byGroups(name, GROUP, rounding),
    bits: ([outputs, inputs]: readonly [number, number]) =>
      outputs * (inputs * bits + (inputs / GROUP) * 8),
  };
}

function inGroups({ inWords, largest }: Element): string {
  return `${inWords} in groups of 32 inputs with a scale s = 2ᵉ of eight bits: y = s times the nearest value of x / s, at most ${largest} s, halves to the even mantissa`;
}
