import type { MatrixShape, NumericFormat } from '@layersense/formats';
import type { RowBlock } from './read-rows.js';

/** Values that are worked on at a time: they and what becomes of them stay in the cache. */
const BAND_ELEMENTS = 128 * 1024;

/** Some rows of a matrix, with the number of the first. */
export interface Band {
  readonly firstRow: number;
  readonly rows: number;
  readonly columns: number;
  readonly values: Float32Array;
}

/** The rows of a block in bands of a multiple of so many rows; views, not copies. */
export function* bandsOf(
  { values, rows, columns, start }: RowBlock,
  multiple = 1,
): Generator<Band, void, undefined> {
  const fitting = Math.floor(BAND_ELEMENTS / Math.max(1, columns));
  const atOnce = Math.max(multiple, fitting - (fitting % multiple));
  for (let first = 0; first < rows; first += atOnce) {
    const count = Math.min(atOnce, rows - first);
    const band = values.subarray(first * columns, (first + count) * columns);
    yield { firstRow: start + first, rows: count, columns, values: band };
  }
}

/** Rows that a block's beginning is a multiple of, so that its bands suit all of the formats. */
export function blockMultiple(formats: readonly NumericFormat[], shape: MatrixShape): number {
  return formats.map((format) => format.bandRows(shape)).reduce(leastCommonMultiple, 1);
}

function leastCommonMultiple(a: number, b: number): number {
  let [x, y] = [a, b];
  while (y !== 0) [x, y] = [y, x % y];
  return (a / x) * b;
}
