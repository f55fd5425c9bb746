import type { NumericFormat } from '../numeric-format.js';
import { shapeProblem } from './shape-problem.js';

/** Values that are rounded each for itself, at so many bits each. */
export function elementwise(
  name: string,
  bits: number,
  round: (values: Float32Array, out: Float32Array) => void,
): Pick<NumericFormat, 'problemWith' | 'bandRows' | 'bits' | 'dequantised'> {
  return {
    problemWith: (shape) => shapeProblem({ name, groupSize: 1 }, shape, []),
    bandRows: () => 1,
    bits: ([outputs, inputs]) => outputs * inputs * bits,
    dequantised: (band, _place, out = new Float32Array(band.length)) => {
      round(band, out);
      return out;
    },
  };
}
