import { LayersenseError } from '@layersense/contracts';
import type { BandPlace, NumericFormat } from '../numeric-format.js';
import { type GroupRounding, groupBounds, roundGroups } from './groups.js';
import { type Alternative, fitAny, shapeProblem } from './shape-problem.js';

type Streaming = Pick<NumericFormat, 'problemWith' | 'bandRows' | 'dequantised'>;

/** Groups of so many inputs, none of which may be left over. */
export function byGroups(
  name: string,
  groupSize: number,
  rounding: GroupRounding,
  alternatives: readonly Alternative[] = fitAny,
): Streaming {
  return bySurveyedGroups(name, groupSize, () => rounding, alternatives);
}

/** The same, where the rounding depends on what the survey of the matrix has found. */
export function bySurveyedGroups(
  name: string,
  groupSize: number,
  roundingAt: (place: BandPlace) => GroupRounding,
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
      const bounds = groupBounds(band.length, place.shape[1], groupSize);
      roundGroups(band, out, bounds, roundingAt(place));
      return out;
    },
  };
}

/** Groups of so many inputs; what is left over at the end of an output is a shorter group. */
export function byGroupsAndRest(
  name: string,
  groupSize: number,
  rounding: GroupRounding,
): Streaming {
  return {
    problemWith: (shape) => shapeProblem({ name, groupSize: 1 }, shape, []),
    bandRows: () => 1,
    dequantised: (band, { shape: [, inputs] }, out = new Float32Array(band.length)) => {
      roundGroups(band, out, groupBounds(band.length, inputs, groupSize), rounding);
      return out;
    },
  };
}

/** One group for each output. */
export function byRows(name: string, rounding: GroupRounding): Streaming {
  return byGroupsAndRest(name, Number.MAX_SAFE_INTEGER, rounding);
}
