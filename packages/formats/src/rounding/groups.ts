import { type Weights, weightsOf } from './weights.js';

/** Groups of a band, and the numbers that each is rounded with. */
export interface Groups {
  /** Group g is values[bounds[g], bounds[g + 1]). */
  readonly bounds: Int32Array;
  /** Groups from the first to the one before the last are to be rounded. */
  readonly first: number;
  readonly last: number;
  /** The numbers of the first group, then those of the next: its scale and what else the format needs. */
  readonly parameters: Float64Array;
}

/**
 * A format's rounding in two steps: what the groups are rounded with, then the rounding itself. Each step
 * is a loop over many groups: to call something for each group would cost as much as the group.
 */
export interface GroupRounding {
  /** How many numbers a group is rounded with. */
  readonly width: number;
  /** Finds these of each group and writes them to the parameters. */
  measure(weights: Weights, groups: Groups): void;
  /** Rounds the groups and writes what their codes stand for to the same places of `out`. */
  round(values: Float32Array, out: Float32Array, groups: Groups): void;
}

/** So many values are measured before they are rounded, from a processor's own cache. */
const VALUES_AT_ONCE = 8192;

/** Rounds a band whose groups have these bounds; `out` may be the band. */
export function roundGroups(
  band: Float32Array,
  out: Float32Array,
  bounds: Int32Array,
  { width, measure, round }: GroupRounding,
): void {
  const weights = weightsOf(band);
  const count = bounds.length - 1;
  const atOnce = Math.max(1, Math.floor((VALUES_AT_ONCE * count) / band.length));
  const parameters = new Float64Array(Math.min(atOnce, count) * width);
  for (let first = 0; first < count; first += atOnce) {
    const groups = { bounds, first, last: Math.min(first + atOnce, count), parameters };
    measure(weights, groups);
    round(band, out, groups);
  }
}

/**
 * Bounds of groups of so many values in each row; what is left over at the end of a row is a shorter
 * group.
 */
export function groupBounds(length: number, rowLength: number, groupSize: number): Int32Array {
  const groupsOfRow = Math.ceil(rowLength / groupSize);
  const rows = Math.ceil(length / rowLength);
  const bounds = new Int32Array(rows * groupsOfRow + 1);
  let group = 0;
  for (let row = 0; row < rows; row++) {
    for (let start = 0; start < rowLength; start += groupSize) {
      bounds[group++] = row * rowLength + start;
    }
  }
  bounds[group] = length;
  return bounds;
}
