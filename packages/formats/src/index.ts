export { assertFiniteDequantised, assertFiniteWeights } from './assert-finite.js';
export { assertFits } from './assert-fits.js';
export { bitsPerWeight } from './bits-per-weight.js';
export { dequantisedMatrix } from './dequantised-matrix.js';
export { families } from './families.js';
export { formats } from './formats.js';
export type { FormatFamily } from './names/format-family.js';
export type { BandPlace, MatrixShape, NumericFormat, Survey } from './numeric-format.js';
export { parseFormat } from './parse-format.js';
