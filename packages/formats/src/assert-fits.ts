import { LayersenseError } from '@layersense/contracts';
import type { MatrixShape, NumericFormat } from './numeric-format.js';

/** @throws LayersenseError `format_unsuitable` saying why the matrix cannot have the format */
export function assertFits(format: NumericFormat, parameter: string, shape: MatrixShape): void {
  const problem = format.problemWith(shape);
  if (problem === undefined) return;
  throw new LayersenseError('format_unsuitable', `${parameter}: ${problem}`, {
    parameter,
    format: format.name,
    shape: shape.join('x'),
  });
}
