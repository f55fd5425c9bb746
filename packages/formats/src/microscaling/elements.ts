import { e2m1, e2m3, e3m2, e4m3, type Minifloat } from '../floats/minifloat.js';
import { bitTable, toNearestByBits } from '../floats/nearest-by-bits.js';
import { cellTable, toNearestByCell } from '../floats/nearest-by-cell.js';
import type { GroupRounding } from '../rounding/groups.js';

/** What a microscaling format has 32 of. */
export interface Element {
  readonly inWords: string;
  readonly bits: number;
  readonly largest: number;
  /** Of the largest power of two that the type has. */
  readonly exponent: number;
  readonly round: GroupRounding['round'];
}

/** A group's scale leaves less than twice the type's largest power of two of its values. */
export const fp4 = element('FP4 E2M1', 4, e2m1, byCell(e2m1));
export const fp6E2m3 = element('FP6 E2M3', 6, e2m3, byCell(e2m3));
export const fp6E3m2 = element('FP6 E3M2', 6, e3m2, byCell(e3m2));
export const fp8E4m3 = element('FP8 E4M3', 8, e4m3, byBits(e4m3));

function element(
  inWords: string,
  bits: number,
  { largest }: Minifloat,
  round: GroupRounding['round'],
): Element {
  return { inWords, bits, largest, exponent: Math.floor(Math.log2(largest)), round };
}

function byCell(type: Minifloat): GroupRounding['round'] {
  const table = cellTable(type);
  return (values, out, groups) => toNearestByCell(values, out, groups, table);
}

function byBits(type: Minifloat): GroupRounding['round'] {
  const table = bitTable(type);
  return (values, out, groups) => toNearestByBits(values, out, groups, table);
}
