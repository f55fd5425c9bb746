import { LayersenseError } from '@layersense/contracts';
import type { BandPlace, NumericFormat } from '../numeric-format.js';
import { type Alternative, fitAny, shapeProblem } from './shape-problem.js';
import { type Weights, weightsOf } from './weights.js';

/** Rounds weights[start, end), which share a scale, and writes what their codes stand for to the same places. */
export type RoundGroup = (weights: Weights, start: number, end: number, out: Float32Array) => void;

type Streaming = Pick<NumericFormat, 'problemWith' | 'bandRows' | 'dequantised'>;

/** Groups of so many inputs, none of which may be left over. */
export function byGroups(
  name: string,
  groupSize: number,
  round: RoundGroup,
  alternatives: readonly Alternative[] = fitAny,
): Streaming {
  return bySurveyedGroups(name, groupSize, () => round, alternatives);
}

/** The same, where the rounding depends on what the survey of the matrix has found. */
export function bySurveyedGroups(
  name: string,
  groupSize: number,
  roundOf: (place: BandPlace) => RoundGroup,
  alternatives: readonly Alternative[] = fitAny,
): Streaming {
  const problemWith: Streaming['problemWith'] = (shape) =>
    shapeProblem({ name, groupSize }, shape, alternatives);
  return {
    problemWith,
    bandRows: () => 1,
    dequantised: (band, place, out = new Float32Array(band.length)) => {
      const problem = problemWith(place.shape);
      if (problem !== undefined) throw new LayersenseError('format_unsuitable', problem);
      const round = roundOf(place);
      const weights = weightsOf(band);
      for (let start = 0; start < band.length; start += groupSize) {
        round(weights, start, start + groupSize, out);
      }
      return out;
    },
  };
}

/** Groups of so many inputs; what is left over at the end of an output is a shorter group. */
export function byGroupsAndRest(name: string, groupSize: number, round: RoundGroup): Streaming {
  return {
    problemWith: (shape) => shapeProblem({ name, groupSize: 1 }, shape, []),
    bandRows: () => 1,
    dequantised: (band, { shape: [, inputs] }, out = new Float32Array(band.length)) => {
      const weights = weightsOf(band);
      for (let row = 0; row < band.length; row += inputs) {
        for (let start = row; start < row + inputs; start += groupSize) {
          round(weights, start, Math.min(start + groupSize, row + inputs), out);
        }
      }
      return out;
    },
  };
}

/** One group for each output. */
export function byRows(name: string, round: RoundGroup): Streaming {
  return byGroupsAndRest(name, Number.POSITIVE_INFINITY, round);
}
