import type { MatrixShape, NumericFormat } from '@layersense/formats';
import type { LaidOutMatrix } from '@layersense/models';
import { type FormatError, formatError, newErrorSums } from '@layersense/sensitivity';
import type { BandThreads } from '../../matrices/band-threads.js';
import { blockMultiple } from '../../matrices/bands.js';
import { inspectMatrix } from '../../matrices/inspect-matrix.js';
import type { MatrixWeight } from '../../matrices/matrix-weights.js';
import type { RowReader } from '../../matrices/read-rows.js';
import { roundBlock } from '../../matrices/round-block.js';
import type { KeptErrors } from './kept-errors.js';

/** What matrices are measured with. */
export interface Measuring {
  readonly formats: readonly NumericFormat[];
  readonly reader: RowReader;
  readonly kept: KeptErrors;
  readonly threads: BandThreads;
}

/** The errors of a matrix by format, those of its parts behind its own; none of formats that do not fit. */
export type MatrixErrors = ReadonlyMap<string, readonly FormatError[]>;

/**
 * Goes through a matrix once for its hash and its sums, and a second time with the formats of which nothing
 * is kept; one that memory holds is read once.
 *
 * @throws LayersenseError `non_finite_weight`, `format_overflow`
 */
export async function measureMatrix(
  weight: MatrixWeight,
  matrix: LaidOutMatrix,
  { formats, reader, kept, threads }: Measuring,
): Promise<MatrixErrors> {
  const { name: parameter } = matrix;
  const shape: MatrixShape = [matrix.end - matrix.start, weight.layout.inputs];
  const fitting = formats.filter((format) => format.problemWith(shape) === undefined);
  const blocks = reader.blocksOf(weight, matrix, blockMultiple(fitting, shape));
  const inspected = await inspectMatrix(parameter, shape, blocks, { formats: fitting, threads });
  const ranges = rangesOf(matrix);
  const known = await kept.find(inspected.sha256, ranges, fitting);
  const missing = fitting.filter((format) => !known.has(format.name));
  if (missing.length === 0) return known;
  const place = { parameter, shape, facts: inspected.facts };
  const measuring = missing.map((format) => ({ format, errors: newErrorSums(shape[0]) }));
  for await (const block of blocks) {
    const rounded = measuring.map(({ format, errors }) => {
      const sums = { errors, products: new Float64Array() };
      return roundBlock(format, block, place, { threads, sums });
    });
    await Promise.all(rounded);
  }
  const measured = new Map(
    measuring.map(({ format, errors }) => [
      format.name,
      ranges.map((range) => formatError(errors, inspected.sums, range)),
    ]),
  );
  await kept.keep(inspected.sha256, ranges, measured);
  return new Map([...known, ...measured]);
}

/** Of the matrix and its parts, counted from its first row. */
function rangesOf({ start, end, parts }: LaidOutMatrix): readonly { start: number; end: number }[] {
  return [{ start, end }, ...parts].map((rows) => ({
    start: rows.start - start,
    end: rows.end - start,
  }));
}
