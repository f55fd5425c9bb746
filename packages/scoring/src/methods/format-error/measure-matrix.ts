import type { MatrixShape, NumericFormat } from '@layersense/formats';
import type { LaidOutMatrix } from '@layersense/models';
import { type FormatError, formatError, newErrorSums } from '@layersense/sensitivity';
import { z } from 'zod';
import { blockMultiple } from '../../matrices/bands.js';
import type { MatrixTools } from '../../matrices/format-job.js';
import { inspectMatrix } from '../../matrices/inspect-matrix.js';
import type { KeptResults } from '../../matrices/kept-results.js';
import type { MatrixWeight } from '../../matrices/matrix-weights.js';
import { roundBlock, rowsWithin } from '../../matrices/round-block.js';

/** As errors are kept: of a matrix, and of its parts behind it. */
export const KeptErrors = z.array(
  z.object({
    squaredError: z.number(),
    squaredNorm: z.number(),
    nonZero: z.number(),
    collapsed: z.number(),
    largestChannelError: z.number(),
  }),
);

/** What matrices are measured with. */
interface Measuring extends MatrixTools {
  readonly formats: readonly NumericFormat[];
  readonly kept: KeptResults<z.infer<typeof KeptErrors>>;
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
  const ranges = [matrix, ...matrix.parts].map((rows) => rowsWithin(matrix, rows));
  const key = { sha256: inspected.sha256, beside: JSON.stringify(ranges) };
  const known = await kept.find(key, fitting);
  const missing = fitting.filter((format) => !known.has(format.name));
  if (missing.length === 0) return known;
  const place = { parameter, shape, facts: inspected.facts };
  const measuring = missing.map((format) => ({ format, errors: newErrorSums(shape[0]) }));
  for await (const block of blocks) {
    const rounded = measuring.map(({ format, errors }) =>
      roundBlock(format, block, place, { threads, sums: { errors, products: [] } }),
    );
    await Promise.all(rounded);
  }
  const measured = new Map(
    measuring.map(({ format, errors }) => [
      format.name,
      ranges.map((range) => formatError(errors, inspected.sums, range)),
    ]),
  );
  await kept.keep(key, measured);
  return new Map([...known, ...measured]);
}
