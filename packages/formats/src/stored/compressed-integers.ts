import { unpackWholeFields } from './bit-fields.js';
import { type BandScales, scaleBand } from './scale-band.js';

/*
 * Integers as compressed-tensors stores them: y = (q − z) s with q and z signed (lifecycle/forward.py,
 * _dequantize). The tool computes in the type of the scale; taken is the product in float32, of which a
 * 16-bit result is the rounding.
 */

/** Words in which a row of `count` packed integers lies. */
export function packedWords(count: number, bits: number): number {
  return Math.ceil(count / Math.floor(32 / bits));
}

/**
 * Rows of `pack-quantized`: ⌊32 / bits⌋ integers a word, from the lowest bits on, each with 2^(bits − 1)
 * added, every row in words of its own (compressors, pack_quantized.py, pack_to_int32).
 *
 * @param words [rows, packedWords(columns, bits)]
 * @param out [rows, columns]
 */
export function packedIntegerRows(
  words: Uint32Array,
  bits: number,
  columns: number,
  scales: BandScales,
  out: Float32Array,
): Float32Array {
  const rows = out.length / columns;
  const perRow = packedWords(columns, bits);
  for (let row = 0; row < rows; row++) {
    const codes = out.subarray(row * columns, (row + 1) * columns);
    unpackWholeFields(words.subarray(row * perRow, (row + 1) * perRow), bits, codes);
  }
  subtractOffset(out, bits);
  return scaleBand({ rows, columns, codes: out, scales });
}

/**
 * Zero points of `pack-quantized`, packed along the outputs: word [i, g] has those of outputs ⌊32 / bits⌋ i
 * and following.
 *
 * @param words rows of words, from that of output `first` on, [·, groups]
 * @param first a multiple of ⌊32 / bits⌋
 * @returns [count, groups], those of outputs `first` to `first + count`
 */
export function packedZeroPoints(
  words: Uint32Array,
  bits: number,
  groups: number,
  count: number,
): Float32Array {
  const perWord = Math.floor(32 / bits);
  const zeroPoints = new Float32Array(count * groups);
  for (let i = 0; i < count; i++) {
    const word = Math.floor(i / perWord);
    const shift = (i - word * perWord) * bits;
    for (let g = 0; g < groups; g++) {
      zeroPoints[i * groups + g] = ((words[word * groups + g] ?? 0) >>> shift) & (2 ** bits - 1);
    }
  }
  subtractOffset(zeroPoints, bits);
  return zeroPoints;
}

/** Rows of `int-quantized` and `naive-quantized`: one integer a byte. */
export function integerRows(
  codes: Int8Array,
  columns: number,
  scales: BandScales,
  out: Float32Array,
): Float32Array {
  out.set(codes);
  return scaleBand({ rows: codes.length / columns, columns, codes: out, scales });
}

function subtractOffset(values: Float32Array, bits: number): void {
  const offset = 2 ** (bits - 1);
  for (let i = 0; i < values.length; i++) values[i] = (values[i] ?? 0) - offset;
}
