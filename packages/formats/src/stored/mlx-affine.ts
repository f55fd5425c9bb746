import { unpackFields } from './bit-fields.js';
import { scaleBand } from './scale-band.js';

export interface MlxBand {
  readonly bits: number;
  readonly groupSize: number;
  readonly columns: number;
  /** [rows, columns · bits / 32] */
  readonly words: Uint32Array;
  /** [rows, columns / groupSize] */
  readonly scales: Float32Array;
  /** As many as scales. */
  readonly biases: Float32Array;
}

/**
 * Rows of MLX's affine mode: y = q s + b, the unsigned fields one after the other from the lowest bit on, those
 * of 3, 5 and 6 bits across bytes and words (MLX 0.32.1, mlx/ops.cpp, affine_dequantize, and mlx/backend/cpu/
 * quantized.cpp). Product and sum are rounded to float32, as MLX does where its scales are float32; where they
 * have 16 bits it rounds both to these.
 */
export function mlxAffineRows(band: MlxBand, out: Float32Array): Float32Array {
  const { bits, groupSize, columns, words, scales: values, biases } = band;
  const rows = out.length / columns;
  const perRow = (columns * bits) / 32;
  for (let row = 0; row < rows; row++) {
    const codes = out.subarray(row * columns, (row + 1) * columns);
    unpackFields(words.subarray(row * perRow, (row + 1) * perRow), bits, codes);
  }
  const perRowScales = columns / groupSize;
  const scales = { values, biases, perRow: perRowScales, rows: 1, firstRow: 0, columns: groupSize };
  return scaleBand({ rows, columns, codes: out, scales });
}
