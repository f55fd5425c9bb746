import type { MatrixShape, NumericFormat } from '@layersense/formats';
import type { MatrixRows } from '@layersense/models';
import type { ErrorSums } from '@layersense/sensitivity';
import type { RowMarginals } from './band-tasks.js';
import type { BandThreads } from './band-threads.js';
import { bandsOf } from './bands.js';
import type { RowBlock } from './read-rows.js';

/** A matrix that formats are applied to. */
export interface FormatPlace {
  readonly parameter: string;
  readonly shape: MatrixShape;
  /** What surveys have found out of the whole matrix, by format. */
  readonly facts: ReadonlyMap<string, Float32Array>;
  readonly marginals?: readonly RowMarginals[] | undefined;
}

/** What a format makes of a matrix, as far as its rows have been gone through. */
export interface MatrixSums {
  readonly errors: ErrorSums;
  /** B by each of the marginals. */
  readonly products: readonly Float64Array[];
}

/**
 * Adds what a format makes of a block's rows to the sums of their matrix, in the order of the rows, so that
 * each bit is the same however many threads there are.
 *
 * @throws LayersenseError `format_overflow` naming parameter, element and format
 */
export async function roundBlock(
  format: NumericFormat,
  block: RowBlock,
  { parameter, shape, facts: found, marginals }: FormatPlace,
  { threads, sums }: { readonly threads: BandThreads; readonly sums: MatrixSums },
): Promise<void> {
  const facts = found.get(format.name);
  const rounding = [...bandsOf(block, format.bandRows(shape))].map(async (band) => {
    const place = { shape, firstRow: band.firstRow, ...(facts ? { facts } : {}) };
    const task = { kind: 'round', parameter, format: format.name, place, marginals } as const;
    return { band, rounded: await threads.run({ ...task, ...band }) };
  });
  for (const { band, rounded } of await Promise.all(rounding)) {
    sums.errors.squared.set(rounded.sums.squared, band.firstRow);
    sums.errors.collapsed.set(rounded.sums.collapsed, band.firstRow);
    for (const [part, products] of rounded.products.entries()) {
      const total = sums.products[part];
      products?.forEach((product, i) => {
        if (total) total[i] = (total[i] ?? Number.NaN) + product;
      });
    }
  }
}

type Span = Pick<MatrixRows, 'start' | 'end'>;

/** Some rows of a matrix, counted from its own first. */
export function rowsWithin({ start: first }: Span, { start, end }: Span): Span {
  return { start: start - first, end: end - first };
}
