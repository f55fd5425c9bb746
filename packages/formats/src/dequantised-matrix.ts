import type { MatrixShape, NumericFormat } from './numeric-format.js';

/** A matrix that is in memory as a whole, after the format's survey of it where it has one. */
export function dequantisedMatrix(
  format: NumericFormat,
  values: Float32Array,
  shape: MatrixShape,
): Float32Array {
  const survey = format.survey?.(shape);
  survey?.see(values);
  const place = { shape, firstRow: 0 };
  return format.dequantised(values, survey ? { ...place, facts: survey.facts() } : place);
}
