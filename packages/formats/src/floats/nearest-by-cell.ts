import type { Groups } from '../rounding/groups.js';
import { type Minifloat, toMinifloat } from './minifloat.js';

/** By where between −limit and limit a number lies, the nearest value of a type. */
export interface CellTable {
  readonly table: Float32Array;
  readonly cellsPerUnit: number;
}

/**
 * All places where the nearest value of a type changes are multiples of half its smallest step. So the
 * multiple that a number is, or the two that it is between, decide: an entry for each, which types of four
 * and six bits have room for. Numbers may be up to `limit`, twice the type's largest power of two and more.
 */
export function cellTable(type: Minifloat): CellTable {
  const cellsPerUnit = 2 ** (type.mantissaBits - type.smallestExponent + 1);
  const limit = 4 * 2 ** Math.floor(Math.log2(type.largest));
  const cells = limit * cellsPerUnit;
  const table = Float32Array.from({ length: 4 * cells + 1 }, (_, i) =>
    toMinifloat(type, (i / 2 - cells) / cellsPerUnit),
  );
  return { table, cellsPerUnit };
}

/**
 * y = the nearest value to x / s, times s, in float32; s is the parameter of a group, and so large that no
 * x / s leaves the table.
 */
export function toNearestByCell(
  values: Float32Array,
  out: Float32Array,
  { bounds, first, last, parameters }: Groups,
  { table, cellsPerUnit }: CellTable,
): void {
  const zero = (table.length - 1) / 2;
  for (let g = first; g < last; g++) {
    const scale = parameters[g - first] ?? 0;
    const inverse = 1 / scale;
    const end = bounds[g + 1] ?? 0;
    for (let i = bounds[g] ?? 0; i < end; i++) {
      const cell = Math.fround((values[i] ?? 0) * inverse) * cellsPerUnit;
      out[i] = (table[(Math.floor(cell) + Math.ceil(cell) + zero) | 0] ?? Number.NaN) * scale;
    }
  }
}
