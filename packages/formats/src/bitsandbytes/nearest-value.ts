import type { Groups } from '../rounding/groups.js';

/** A few float32 values that others are rounded to, from −1 to 1, and where the nearest changes. */
export interface ValueTable {
  /** For each of 33 equal cells from −1 on: where in it the nearest changes, or its end where nowhere. */
  readonly threshold: Float32Array;
  /** For each cell the nearest value up to its threshold and beyond it. */
  readonly nearest: Float32Array;
}

const CELLS_PER_UNIT = 16;
const CELLS = 2 * CELLS_PER_UNIT + 1;

/**
 * A table of these values, in ascending order: halfway between two the lower one is taken.
 *
 * @throws Error where two thresholds lie in one cell
 */
export function valueTable(values: readonly number[]): ValueTable {
  const sorted = Float32Array.from(values);
  const middles = sorted.slice(1).map((value, i) => (value + (sorted[i] ?? 0)) / 2);
  const threshold = new Float32Array(CELLS);
  const nearest = new Float32Array(2 * CELLS);
  for (let cell = 0; cell < CELLS; cell++) {
    const [from, to] = [cell / CELLS_PER_UNIT - 1, (cell + 1) / CELLS_PER_UNIT - 1];
    const inside = middles.filter((middle) => middle >= from && middle < to);
    if (inside.length > 1) throw new Error(`the values are too near to each other at ${from}`);
    const below = middles.filter((middle) => middle < from).length;
    threshold[cell] = inside[0] ?? to;
    nearest.set([sorted[below] ?? 0, sorted[below + 1] ?? 0], 2 * cell);
  }
  return { threshold, nearest };
}

/** A block's largest magnitude counts as at least so much where values are divided by it. */
const LEAST_DIVISOR = Math.fround(1e-38);

/**
 * y = the nearest value to x (1 / a), times s, in float32; the largest magnitude a of the block and the
 * scale s are the parameters of a group.
 */
export function toNearestValue(
  values: Float32Array,
  out: Float32Array,
  { bounds, first, last, parameters }: Groups,
  { threshold, nearest }: ValueTable,
): void {
  for (let g = first; g < last; g++) {
    const largest = parameters[2 * (g - first)] ?? 0;
    const scale = parameters[2 * (g - first) + 1] ?? 0;
    const inverse = Math.fround(1 / Math.max(largest, LEAST_DIVISOR));
    const end = bounds[g + 1] ?? 0;
    for (let i = bounds[g] ?? 0; i < end; i++) {
      const x = Math.fround((values[i] ?? 0) * inverse);
      const cell = ((x + 1) * CELLS_PER_UNIT) | 0;
      // −1 beyond the threshold and 0 up to it, without a branch that could not be predicted.
      const beyond = Math.floor((threshold[cell] ?? 0) - x) | 0;
      out[i] = (nearest[2 * cell - beyond] ?? Number.NaN) * scale;
    }
  }
}
