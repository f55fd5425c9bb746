import { e2m1, e2m3, e3m2, e4m3, type Minifloat, toNearestScaled } from '../floats/minifloat.js';
import type { FormatFamily } from '../names/format-family.js';
import type { NumericFormat } from '../numeric-format.js';
import { largestMagnitude } from '../rounding/extremes.js';
import { byGroups, type RoundGroup } from '../rounding/groupwise.js';

const GROUP = 32;

interface Element {
  readonly type: Minifloat;
  readonly inWords: string;
  readonly bits: number;
  /** Of the largest power of two that the type has. */
  readonly exponent: number;
}

const mxfp4: Element = { type: e2m1, inWords: 'FP4 E2M1', bits: 4, exponent: 2 };
const mxfp8: Element = { type: e4m3, inWords: 'FP8 E4M3', bits: 8, exponent: 8 };
const mxfp6: Readonly<Record<string, Element>> = {
  e2m3: { type: e2m3, inWords: 'FP6 E2M3', bits: 6, exponent: 2 },
  e3m2: { type: e3m2, inWords: 'FP6 E3M2', bits: 6, exponent: 4 },
};

/** Groups of 32 with a power of two as their scale (OCP Microscaling Formats 1.0). */
export const mx: FormatFamily = {
  name: 'mx',
  title: 'Microscaling: 32 small floats with a power of two as their scale',
  patterns: [
    {
      pattern: 'mxfp{4,8}',
      slots: ['bits'],
      format: (name, [bits]) => evenFormat(name, bits === '4' ? mxfp4 : mxfp8),
    },
    {
      pattern: 'mxfp6_{e2m3,e3m2}',
      slots: ['elements'],
      format: (name, [element = '']) => floorFormat(name, mxfp6[element] ?? mxfp4),
    },
  ],
};

/** Added to the bits of a float32, carries it to the next power of two from 1.75 on. */
const FROM_SEVEN_QUARTERS = 1 << 21;

function evenFormat(name: string, element: Element): NumericFormat {
  return {
    ...described(name, element, roundMx(element, FROM_SEVEN_QUARTERS)),
    definition: `${inGroups(element)}: e = ⌊log₂ max |x|⌋ − ${element.exponent}, one more where max |x| is 1.75 times its power of two or above, and at least −127. compressed-tensors 0.18.0 (quantization/utils/mxfp_utils.py).`,
    roundsLike: [
      'llm-compressor (compressed-tensors)',
      ...(element === mxfp4 ? ['torchao (scale calculation EVEN)'] : []),
    ],
    differsFrom: [
      'AutoRound, GGUF and torchao (FLOOR) never take one more',
      element === mxfp4
        ? 'ModelOpt and torchao (RCEIL) take one more from 1.5 on, where max |x| would be clipped'
        : 'ModelOpt and torchao (RCEIL) only where max |x| is exactly 1.75 times a power of two',
      'MLX rounds log₂(max |x| / the largest element) to the nearest exponent',
    ],
  };
}

function floorFormat(name: string, element: Element): NumericFormat {
  return {
    ...described(name, element, roundMx(element, 0)),
    definition: `${inGroups(element)}: e = ⌊log₂ max |x|⌋ − ${element.exponent}, at least −127. OCP Microscaling Formats 1.0, section 6.3; not held to a tool's own output.`,
    roundsLike: ['OCP Microscaling Formats 1.0'],
    differsFrom: [],
  };
}

function inGroups({ inWords, type }: Element): string {
  return `${inWords} in groups of 32 inputs with a scale s = 2ᵉ of eight bits: y = s times the nearest value of x / s, at most ${type.largest} s, halves to the even mantissa`;
}

function described(name: string, { bits }: Element, round: RoundGroup) {
  return {
    name,
    family: mx.name,
    searched: false,
    ...byGroups(name, GROUP, round),
    bits: ([outputs, inputs]: readonly [number, number]) =>
      outputs * (inputs * bits + (inputs / GROUP) * 8),
  };
}

const float = new Float32Array(1);
const floatBits = new Int32Array(float.buffer);

function roundMx({ type, exponent }: Element, added: number): RoundGroup {
  return ({ values, bits }, start, end, out) => {
    float[0] = largestMagnitude(bits, start, end);
    const biased = (((floatBits[0] ?? 0) + added) >>> 23) - exponent;
    toNearestScaled(values, start, end, out, 2 ** (Math.max(biased, 0) - 127), type);
  };
}
