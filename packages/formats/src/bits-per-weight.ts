import type { MatrixShape, NumericFormat } from './numeric-format.js';

/** Stored bits a weight, with all that belongs to the format. */
export function bitsPerWeight(format: NumericFormat, shape: MatrixShape): number {
  return format.bits(shape) / (shape[0] * shape[1]);
}
