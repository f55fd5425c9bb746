import type { NumericFormat } from '../numeric-format.js';
import { largestMagnitude } from './extremes.js';
import { shapeProblem } from './shape-problem.js';
import { weightsOf } from './weights.js';

/** Rounds a piece of a row, which lies in a block with this largest magnitude. */
export type RoundPiece = (
  values: Float32Array,
  start: number,
  end: number,
  out: Float32Array,
  largest: number,
) => void;

/** Square blocks, the last ones of which may be cut off by the ends of the matrix. */
export function byBlocks(
  name: string,
  size: number,
  round: RoundPiece,
): Pick<NumericFormat, 'problemWith' | 'bandRows' | 'dequantised'> {
  return {
    problemWith: (shape) => shapeProblem({ name, groupSize: 1 }, shape, []),
    bandRows: () => size,
    dequantised: (band, { shape: [, inputs] }, out = new Float32Array(band.length)) => {
      for (let row = 0; row < band.length; row += size * inputs) {
        const end = Math.min(row + size * inputs, band.length);
        for (let column = 0; column < inputs; column += size) {
          roundBlock(band, row, end, inputs, column, Math.min(column + size, inputs), out, round);
        }
      }
      return out;
    },
  };
}

function roundBlock(
  band: Float32Array,
  start: number,
  end: number,
  inputs: number,
  column: number,
  columnEnd: number,
  out: Float32Array,
  round: RoundPiece,
): void {
  const { bits } = weightsOf(band);
  let largest = 0;
  for (let row = start; row < end; row += inputs) {
    largest = Math.max(largest, largestMagnitude(bits, row + column, row + columnEnd));
  }
  for (let row = start; row < end; row += inputs) {
    round(band, row + column, row + columnEnd, out, largest);
  }
}
