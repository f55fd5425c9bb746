import { unpackFields } from './bit-fields.js';
import { scaleBand } from './scale-band.js';

/** What the zero points of a checkpoint are: `gptq` stores one less than `gptq_v2`. */
export type GptqVersion = 'gptq' | 'gptq_v2';

/** Some outputs of a matrix, all of whose inputs are stored below one another. */
export interface GptqBand {
  readonly bits: number;
  readonly inputs: number;
  readonly groups: number;
  /** The group of every input. */
  readonly groupOf: Uint32Array;
  /** Outputs of the columns that are here; a multiple of 32 but for the last ones of a matrix. */
  readonly width: number;
  /** `qweight` of these columns, [inputs · bits / 32, width]. */
  readonly words: Uint32Array;
  /** What {@link gptqZeroPoints} makes of `qzeros` of these columns, [groups, width]. */
  readonly zeroPoints: Float32Array;
  /** `scales` of these columns, [groups, width]. */
  readonly scales: Float32Array;
}

/**
 * Outputs `first` to `first + out.length / inputs` of the band, as rows: y = (q − z) s in float32, s being
 * float16 or bfloat16, in which the tools round the product. Fields lie one after the other along the
 * inputs (`qweight`) and outputs (`qzeros`); those of 3 bits go across words. GPTQModel 7 (nn_modules/qlinear,
 * dequantize_weight; utils/model_dequant.py, convert_gptq_file) and AutoGPTQ 0.7.1 (qlinear_cuda_old.py)
 * read zero points of the first version as (stored + 1) modulo 2^bits. The two tools' kernels for GPUs differ
 * from that where a zero point is 0, which the first version cannot express in all of them.
 */
export function gptqRows(band: GptqBand, first: number, out: Float32Array): Float32Array {
  const { bits, inputs, groups, groupOf, width, words } = band;
  const rows = out.length / inputs;
  const column = new Uint32Array(words.length / width);
  for (let row = 0; row < rows; row++) {
    for (let i = 0; i < column.length; i++) column[i] = words[i * width + first + row] ?? 0;
    unpackFields(column, bits, out.subarray(row * inputs, (row + 1) * inputs));
  }
  return scaleBand({
    rows,
    columns: inputs,
    codes: out,
    scales: {
      values: turned(band.scales, width, first, rows, groups),
      zeroPoints: turned(band.zeroPoints, width, first, rows, groups),
      perRow: groups,
      rows: 1,
      firstRow: 0,
      columns: groupOf,
    },
  });
}

/**
 * The zero points of some outputs, a multiple of 32 but for the last ones of a matrix.
 *
 * @param words `qzeros` of these columns, [groups, ⌈width · bits / 32⌉]
 * @returns [groups, width]
 */
export function gptqZeroPoints(
  words: Uint32Array,
  { bits, version, groups, width }: Pick<GptqBand, 'bits' | 'groups' | 'width'> & GptqZeros,
): Float32Array {
  const perGroup = words.length / groups;
  const fields = new Float32Array(groups * width);
  for (let g = 0; g < groups; g++) {
    const line = words.subarray(g * perGroup, (g + 1) * perGroup);
    unpackFields(line, bits, fields.subarray(g * width, (g + 1) * width));
  }
  return version === 'gptq_v2' ? fields : fields.map((stored) => (stored + 1) % 2 ** bits);
}

interface GptqZeros {
  readonly version: GptqVersion;
}

/** Columns `first` to `first + rows` of [groups, width] as rows. */
export function turned(
  values: Float32Array,
  width: number,
  first: number,
  rows: number,
  groups: number,
): Float32Array {
  return Float32Array.from({ length: rows * groups }, (_, i) => {
    const group = i % groups;
    return values[group * width + first + (i - group) / groups] ?? Number.NaN;
  });
}
