import type { NumericFormat } from '../numeric-format.js';
import { largestMagnitudes } from './extremes.js';
import { type GroupRounding, type Groups, groupBounds } from './groups.js';
import { shapeProblem } from './shape-problem.js';
import { weightsOf } from './weights.js';

/** Square blocks, the last ones of which may be cut off by the ends of the matrix, with a scale each. */
export function byBlocks(
  name: string,
  size: number,
  scaleOf: (largestMagnitude: number) => number,
  round: GroupRounding['round'],
): Pick<NumericFormat, 'problemWith' | 'bandRows' | 'dequantised'> {
  return {
    problemWith: (shape) => shapeProblem({ name, groupSize: 1 }, shape, []),
    bandRows: () => size,
    dequantised: (band, { shape: [, inputs] }, out = new Float32Array(band.length)) => {
      const bounds = groupBounds(band.length, inputs, size);
      const piecesOfRow = Math.ceil(inputs / size);
      const pieces = bounds.length - 1;
      const parameters = new Float64Array(Math.min(size * piecesOfRow, pieces));
      const { bits } = weightsOf(band);
      for (let first = 0; first < pieces; first += size * piecesOfRow) {
        const groups = {
          bounds,
          first,
          last: Math.min(first + size * piecesOfRow, pieces),
          parameters,
        };
        largestMagnitudes(bits, groups, 1);
        shareScales(groups, piecesOfRow, scaleOf);
        round(band, out, groups);
      }
      return out;
    },
  };
}

/** A block has the same piece of all its rows: from the largest magnitude of each piece to the block's scale. */
function shareScales(
  { first, last, parameters }: Groups,
  piecesOfRow: number,
  scaleOf: (largestMagnitude: number) => number,
): void {
  for (let column = 0; column < piecesOfRow; column++) {
    let largest = 0;
    for (let piece = column; piece < last - first; piece += piecesOfRow) {
      largest = Math.max(largest, parameters[piece] ?? 0);
    }
    const scale = scaleOf(largest);
    for (let piece = column; piece < last - first; piece += piecesOfRow) parameters[piece] = scale;
  }
}
