import { createHash } from 'node:crypto';
import type { MatrixShape, NumericFormat } from '@layersense/formats';
import type { LaidOutMatrix, MatrixRows } from '@layersense/models';
import { newErrorSums } from '@layersense/sensitivity';
import { z } from 'zod';
import type { RowMarginals } from '../../matrices/band-tasks.js';
import { blockMultiple } from '../../matrices/bands.js';
import type { MatrixTools } from '../../matrices/format-job.js';
import { inspectMatrix } from '../../matrices/inspect-matrix.js';
import type { KeptResults } from '../../matrices/kept-results.js';
import type { MatrixWeight } from '../../matrices/matrix-weights.js';
import { roundBlock, rowsWithin } from '../../matrices/round-block.js';
import type { Gradients, MatrixGradient } from './gradients-of.js';

/** As prices are kept: of each part, ‖ΔW‖² and B, which is empty without marginals. */
export const KeptPrices = z.array(
  z.object({ squaredError: z.number(), products: z.array(z.number()) }),
);
type KeptPrices = z.infer<typeof KeptPrices>;

/** What matrices are priced with. */
interface Pricing extends MatrixTools {
  readonly formats: readonly NumericFormat[];
  readonly gradients: Gradients;
  readonly kept: KeptResults<KeptPrices>;
}

/** A matrix, or a part of a packed one, with what formats do to it. */
export interface PricedRows {
  readonly rows: MatrixRows;
  readonly gradient: MatrixGradient;
  /** Bits a weight, ‖ΔW‖² and B by format; none of formats that do not fit. */
  readonly formats: ReadonlyMap<string, KeptPrices[number] & { readonly bitsPerWeight: number }>;
}

/**
 * One pass over a matrix, or two where memory does not hold it. A packed one is rounded whole, and priced part
 * by part: the gradients of each part are its own.
 *
 * @throws LayersenseError `non_finite_weight`, `format_overflow`, `runs_incompatible`
 */
export async function priceMatrix(
  weight: MatrixWeight,
  matrix: LaidOutMatrix,
  { formats, gradients, kept, reader, threads }: Pricing,
): Promise<readonly PricedRows[]> {
  const shape: MatrixShape = [matrix.end - matrix.start, weight.layout.inputs];
  const fitting = formats.filter((format) => format.problemWith(shape) === undefined);
  const parts = matrix.parts.length > 0 ? matrix.parts : [matrix];
  const ofParts = await Promise.all(parts.map(({ name }) => gradients.of(name)));
  const spans = parts.map((part) => rowsWithin(matrix, part));
  const marginals = spans.flatMap((span, i) => rowMarginals(span, ofParts[i], gradients));
  const blocks = reader.blocksOf(weight, matrix, blockMultiple(fitting, shape));
  const { name: parameter } = matrix;
  const inspected = await inspectMatrix(parameter, shape, blocks, { formats: fitting, threads });
  const key = { sha256: inspected.sha256, beside: hashOf(spans, marginals) };
  const found = await kept.find(key, fitting);
  const missing = fitting.filter((format) => !found.has(format.name));
  const place = { parameter, shape, facts: inspected.facts, marginals };
  const pricing = missing.map((format) => {
    const products = marginals.map(({ groups }) => new Float64Array(groups ** 2));
    return { format, sums: { errors: newErrorSums(shape[0]), products } };
  });
  if (pricing.length > 0) {
    for await (const block of blocks) {
      await Promise.all(
        pricing.map(({ format, sums }) => roundBlock(format, block, place, { threads, sums })),
      );
    }
  }
  const priced = new Map(
    pricing.map(({ format, sums: { errors, products } }) => [
      format.name,
      spans.map(({ start, end }) => ({
        squaredError: errors.squared.subarray(start, end).reduce((a, b) => a + b, 0),
        products: [...(products[marginals.findIndex((each) => each.start === start)] ?? [])],
      })),
    ]),
  );
  await kept.keep(key, priced);
  const all = new Map([...found, ...priced]);
  return parts.flatMap((rows, i) => {
    const gradient = ofParts[i];
    if (!gradient) return [];
    const ofFormats = fitting.flatMap((format) => {
      const price = all.get(format.name)?.[i];
      const bitsPerWeight = format.bits(shape) / (shape[0] * shape[1]);
      return price ? [[format.name, { ...price, bitsPerWeight }] as const] : [];
    });
    return [{ rows, gradient, formats: new Map(ofFormats) }];
  });
}

/** In memory that threads share. */
function rowMarginals(
  { start, end }: { readonly start: number; readonly end: number },
  gradient: MatrixGradient | undefined,
  { groups }: Gradients,
): readonly RowMarginals[] {
  if (!gradient?.marginals || !groups) return [];
  const { byOutput, byInput } = gradient.marginals;
  const marginals = { byOutput: shared(byOutput), byInput: shared(byInput) };
  return [{ start, end, groups: groups.length, marginals }];
}

function shared(values: Float64Array): Float64Array {
  const copy = new Float64Array(new SharedArrayBuffer(values.byteLength));
  copy.set(values);
  return copy;
}

function hashOf(spans: readonly object[], marginals: readonly RowMarginals[]): string {
  const hash = createHash('sha256').update(JSON.stringify(spans));
  for (const { start, groups, marginals: sums } of marginals) {
    hash.update(`${start} ${groups}`).update(sums.byOutput).update(sums.byInput);
  }
  return hash.digest('hex');
}
