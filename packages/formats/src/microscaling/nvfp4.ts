import { e2m1, e4m3 } from '../floats/minifloat.js';
import { bitTable, nearestByBits } from '../floats/nearest-by-bits.js';
import { cellTable, toNearestByCell } from '../floats/nearest-by-cell.js';
import type { FormatFamily } from '../names/format-family.js';
import type { NumericFormat } from '../numeric-format.js';
import { largestMagnitudes } from '../rounding/extremes.js';
import type { GroupRounding } from '../rounding/groups.js';
import { bySurveyedGroups } from '../rounding/groupwise.js';
import { largestOfMatrix } from '../rounding/largest-of-matrix.js';

const GROUP = 16;
/** What compressed-tensors takes for a group's scale that is zero: the epsilon of E4M3. */
const ZERO_SCALE = 0.125;
/** The smallest normal float32. */
const TINY = 2 ** -126;

const scales = bitTable(e4m3);
/** A group's scale is at least two thirds of what would make its largest magnitude 6. */
const elements = cellTable(e2m1);

export const nvfp4: FormatFamily = {
  name: 'nvfp4',
  title: 'NVFP4: 16 FP4 values with an FP8 scale, and a float32 scale of the matrix',
  patterns: [{ pattern: 'nvfp4', slots: [], format: (name) => nvfp4Format(name) }],
};

function nvfp4Format(name: string): NumericFormat {
  return {
    name,
    family: nvfp4.name,
    definition:
      'FP4 E2M1 in groups of 16 inputs with a scale s in FP8 E4M3, and one float32 scale g of the matrix: g = 2688 (1 / max |x| of the matrix), s = the nearest E4M3 of g (max |x| / 6) and 0.125 where that is 0, y = s / g times the nearest E2M1 of x / (s / g), halves to the even mantissa, every operation in float32. compressed-tensors 0.18.0 (quantization/utils/helpers.py, generate_gparam and calculate_qparams), whose GPU kernel rounds x / (s / g) to bfloat16 first.',
    roundsLike: ['llm-compressor (compressed-tensors)'],
    differsFrom: [
      'torchao, ModelOpt and AutoRound order the operations otherwise (last bits), and differ in scales of groups that are tiny beside the matrix',
      'GGUF has no scale of the matrix',
    ],
    searched: false,
    survey: largestOfMatrix,
    ...bySurveyedGroups(name, GROUP, ({ facts }) => {
      const largest = facts?.[0];
      if (largest === undefined) throw new Error(`${name} needs the survey of the matrix`);
      return roundNvfp4(globalScale(largest));
    }),
    bits: ([outputs, inputs]) => outputs * (inputs * 4 + (inputs / GROUP) * 8) + 32,
  };
}

/** 1 where the largest magnitude is so small that the division overflows. */
function globalScale(largest: number): number {
  const scale = Math.fround(Math.fround(1 / Math.max(largest, TINY)) * e4m3.largest * e2m1.largest);
  return Number.isFinite(scale) ? scale : 1;
}

function roundNvfp4(global: number): GroupRounding {
  return {
    width: 1,
    measure: ({ bits }, groups) => {
      largestMagnitudes(bits, groups, 1);
      const { parameters, first, last } = groups;
      for (let at = 0; at < last - first; at++) {
        const local = Math.fround((parameters[at] ?? 0) / e2m1.largest);
        const scale = nearestByBits(scales, Math.fround(global * local)) || ZERO_SCALE;
        parameters[at] = Math.fround(scale / global);
      }
    },
    round: (values, out, groups) => toNearestByCell(values, out, groups, elements),
  };
}
