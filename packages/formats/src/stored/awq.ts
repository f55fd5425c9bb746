import { turned } from './gptq.js';
import { scaleBand } from './scale-band.js';

/** Integers a word. */
const PER_WORD = 8;
const BITS = 4;
/** Where in a word, counted in four bits from the lowest, the outputs 0 to 7 of it lie. */
const PLACES = [0, 4, 1, 5, 2, 6, 3, 7];

/** Some outputs of a matrix, all of whose inputs are stored below one another. */
export interface AwqBand {
  readonly inputs: number;
  readonly groups: number;
  readonly groupSize: number;
  /** Outputs of the columns that are here, a multiple of 8. */
  readonly width: number;
  /** `qweight` of these columns, [inputs, width / 8]. */
  readonly words: Uint32Array;
  /** `qzeros` of these columns, [groups, width / 8]. */
  readonly zeroWords: Uint32Array;
  /** `scales` of these columns, [groups, width]. */
  readonly scales: Float32Array;
}

/**
 * Outputs `first` to `first + out.length / inputs` of the band, as rows: y = (q − z) s in float32, s being
 * float16, in which AutoAWQ rounds the product. Words hold eight outputs in the order 0, 2, 4, 6, 1, 3, 5, 7
 * from the lowest bits on (AutoAWQ 0.2.9, awq/modules/linear/gemm.py and awq/utils/packing_utils.py).
 */
export function awqRows(band: AwqBand, first: number, out: Float32Array): Float32Array {
  const { inputs, groups, groupSize, width, words } = band;
  const rows = out.length / inputs;
  const wordsPerInput = width / PER_WORD;
  const field = (from: Uint32Array, line: number, output: number) => {
    const word = from[line * wordsPerInput + Math.floor(output / PER_WORD)] ?? 0;
    return (word >>> (BITS * (PLACES[output % PER_WORD] ?? 0))) & 15;
  };
  for (let row = 0; row < rows; row++) {
    for (let i = 0; i < inputs; i++) out[row * inputs + i] = field(words, i, first + row);
  }
  const zeroPoints = Float32Array.from({ length: rows * groups }, (_, i) => {
    const group = i % groups;
    return field(band.zeroWords, group, first + (i - group) / groups);
  });
  const values = turned(band.scales, width, first, rows, groups);
  const scales = { values, zeroPoints, perRow: groups, rows: 1, firstRow: 0, columns: groupSize };
  return scaleBand({ rows, columns: inputs, codes: out, scales });
}
