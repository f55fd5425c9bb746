import { createHash } from 'node:crypto';
import type { GroupMarginals } from '@layersense/contracts';
import {
  assertFiniteDequantised,
  assertFiniteWeights,
  type BandPlace,
  parseFormat,
} from '@layersense/formats';
import {
  type ErrorSums,
  GroupProducts,
  newErrorSums,
  newWeightSums,
  sumErrors,
  sumWeights,
  type WeightSums,
} from '@layersense/sensitivity';
import type { Band } from './bands.js';

/** Looks at some rows of a matrix. */
export interface InspectTask extends Band {
  readonly kind: 'inspect';
  readonly parameter: string;
}

export interface InspectedBand {
  readonly sums: WeightSums;
  /** sha256 of the values. */
  readonly digest: Uint8Array;
}

/** Applies a format to some rows of a matrix. */
export interface RoundTask extends Band {
  readonly kind: 'round';
  readonly parameter: string;
  readonly format: string;
  readonly place: BandPlace;
  /** Where products of marginals are wanted too: of these rows of the matrix each. */
  readonly marginals?: readonly RowMarginals[] | undefined;
}

/** Marginals of a matrix, or of a part of a packed one, and the rows that are its outputs. */
export interface RowMarginals {
  readonly start: number;
  readonly end: number;
  readonly groups: number;
  readonly marginals: GroupMarginals;
}

export interface RoundedBand {
  readonly sums: ErrorSums;
  /** B of these rows by each of the marginals; undefined of those that are of other rows. */
  readonly products: readonly (Float64Array | undefined)[];
}

export type BandTask = InspectTask | RoundTask;
export type BandResult<Task extends BandTask> = Task extends InspectTask
  ? InspectedBand
  : RoundedBand;

/** @throws LayersenseError `non_finite_weight` naming parameter and element */
export function inspectBand({ parameter, ...band }: InspectTask): InspectedBand {
  const sums = newWeightSums(band.rows);
  sumWeights(band, sums, 0);
  // A value that is not finite leaves the sum of its row so.
  if (!sums.squared.every(Number.isFinite)) {
    assertFiniteWeights(parameter, band.values, band.firstRow * band.columns);
  }
  return { sums, digest: createHash('sha256').update(band.values).digest() };
}

/** What becomes of a band; grown where one is larger than any before. */
let scratch = new Float32Array(0);

/** @throws LayersenseError `format_overflow` naming parameter, element and format */
export function roundBand({
  parameter,
  format,
  place,
  marginals,
  ...band
}: RoundTask): RoundedBand {
  const { values, rows, firstRow, columns } = band;
  if (scratch.length < values.length) scratch = new Float32Array(values.length);
  const out = scratch.subarray(0, values.length);
  const rounded = parseFormat(format).dequantised(values, place, out);
  const sums = newErrorSums(rows);
  sumErrors(band, rounded, sums, 0);
  if (!sums.squared.every(Number.isFinite)) {
    assertFiniteDequantised(parameter, format, rounded, firstRow * columns);
  }
  return { sums, products: (marginals ?? []).map((each) => productsOf(band, rounded, each)) };
}

function productsOf(
  { values, firstRow, rows, columns }: Band,
  rounded: Float32Array,
  { start, end, groups, marginals }: RowMarginals,
): Float64Array | undefined {
  const first = Math.max(start, firstRow);
  const last = Math.min(end, firstRow + rows);
  if (first >= last) return undefined;
  const within = (all: Float32Array) =>
    all.subarray((first - firstRow) * columns, (last - firstRow) * columns);
  const products = new GroupProducts(marginals, groups);
  products.add(
    { values: within(values), rows: last - first, columns },
    within(rounded),
    first - start,
  );
  return products.products;
}
