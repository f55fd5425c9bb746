import { LayersenseError } from '@layersense/contracts';
import type { NumericFormat } from '../numeric-format.js';
import { type Alternative, shapeProblem } from './shape-problem.js';

/** Rounds values[start, end), which share a scale, and writes what their codes stand for to the same places. */
export type RoundGroup = (
  values: Float32Array,
  start: number,
  end: number,
  out: Float32Array,
) => void;

type Streaming = Pick<NumericFormat, 'problemWith' | 'bandRows' | 'dequantised'>;

/** Formats that fit any matrix, for those whose own family has none that does. */
const fitAny: readonly Alternative[] = ['int4_channel', 'int8_channel', 'fp8_e4m3_channel'].map(
  (name) => ({ name, groupSize: 1 }),
);

/** Groups of so many inputs, none of which may be left over. */
export function byGroups(
  name: string,
  groupSize: number,
  round: RoundGroup,
  alternatives: readonly Alternative[] = fitAny,
): Streaming {
  const problemWith: Streaming['problemWith'] = (shape) =>
    shapeProblem({ name, groupSize }, shape, alternatives);
  return {
    problemWith,
    bandRows: () => 1,
    dequantised: (band, { shape }, out = new Float32Array(band.length)) => {
      const problem = problemWith(shape);
      if (problem !== undefined) throw new LayersenseError('format_unsuitable', problem);
      for (let start = 0; start < band.length; start += groupSize) {
        round(band, start, start + groupSize, out);
      }
      return out;
    },
  };
}

/** One group for each output. */
export function byRows(name: string, round: RoundGroup): Streaming {
  return {
    problemWith: (shape) => shapeProblem({ name, groupSize: 1 }, shape, []),
    bandRows: () => 1,
    dequantised: (band, { shape: [, inputs] }, out = new Float32Array(band.length)) => {
      for (let start = 0; start < band.length; start += inputs) {
        round(band, start, start + inputs, out);
      }
      return out;
    },
  };
}
