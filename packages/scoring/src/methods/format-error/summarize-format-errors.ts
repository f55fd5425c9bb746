import { formatErrorMetrics, isPart, type LayerScore, layerName } from '@layersense/contracts';
import type { MatrixShape, NumericFormat } from '@layersense/formats';
import type { LaidOutMatrix } from '@layersense/models';
import { elementCount } from '@layersense/onnx-ir';
import { type FormatError, formatErrorValues, jointFormatError } from '@layersense/sensitivity';
import { rankBy } from '@layersense/statistics';
import type { MatrixWeight } from '../../matrices/matrix-weights.js';
import type { MatrixErrors } from './measure-matrix.js';

/** A weight with the errors of its matrices, in their order. */
export interface MeasuredWeight {
  readonly weight: MatrixWeight;
  readonly results: readonly MatrixErrors[];
}

/** What is scored under a name: a matrix, a part of one, or the matrices of a stack together. */
interface Measured {
  readonly parameter: string;
  readonly shape: readonly number[];
  /** Null where the format does not fit. */
  errorOf(format: NumericFormat): FormatError | null;
  /** Bits a weight; null where the format does not fit. */
  bitsOf(format: NumericFormat): number | null;
}

/** The scores of all weights and of their parts behind them, ranked by the error of the first format. */
export function summarizeFormatErrors(
  weights: readonly MeasuredWeight[],
  formats: readonly NumericFormat[],
): LayerScore[] {
  const scores = weights.flatMap(measuredOf).map((measured) => scoreOf(measured, formats));
  const [ranking] = formats;
  return rankBy(
    scores,
    ({ values }) =>
      values[formatErrorMetrics.metricOf(ranking?.name ?? '', 'squared_error')] ?? null,
    ({ parameter }) => !isPart(parameter),
  );
}

function measuredOf({ weight, results }: MeasuredWeight): readonly Measured[] {
  const { parameter, layout } = weight;
  const each = layout.matrices.flatMap((matrix, i) => ofMatrix(matrix, layout.inputs, results[i]));
  return each.some((measured) => measured.parameter === parameter)
    ? each
    : [together(weight, each), ...each];
}

/** A matrix and its parts. What a whole matrix takes in bits, its parts take alike. */
function ofMatrix(
  matrix: LaidOutMatrix,
  inputs: number,
  errors: MatrixErrors = new Map(),
): readonly Measured[] {
  const shape: MatrixShape = [matrix.end - matrix.start, inputs];
  return [matrix, ...matrix.parts].map(({ name, shape: held }, i) => ({
    parameter: name,
    shape: held,
    errorOf: (format) => errors.get(format.name)?.[i] ?? null,
    bitsOf: (format) =>
      errors.has(format.name) ? format.bits(shape) / (shape[0] * shape[1]) : null,
  }));
}

function together({ parameter, shape }: MatrixWeight, each: readonly Measured[]): Measured {
  return {
    parameter,
    shape,
    errorOf: (format) => {
      const errors = each.map((measured) => measured.errorOf(format));
      const fitting = errors.filter((error) => error !== null);
      return fitting.length === errors.length ? jointFormatError(fitting) : null;
    },
    bitsOf: (format) => {
      const bits = each.map((measured) => measured.bitsOf(format));
      if (bits.includes(null)) return null;
      const total = each.reduce((sum, measured, i) => {
        return sum + (bits[i] ?? 0) * elementCount(measured.shape);
      }, 0);
      return total / elementCount(shape);
    },
  };
}

function scoreOf(
  { parameter, shape, errorOf, bitsOf }: Measured,
  formats: readonly NumericFormat[],
) {
  const values = formats.flatMap((format) => {
    const error = errorOf(format);
    const measured = error ? formatErrorValues(error) : NOTHING;
    return Object.entries({ ...measured, bits_per_weight: bitsOf(format) }).map(
      ([metric, value]) => [`${format.name}.${metric}`, value] as const,
    );
  });
  return {
    layer: layerName(parameter).layer,
    parameter,
    shape: [...shape],
    numel: elementCount(shape),
    n: null,
    values: Object.fromEntries(values),
    standard_error: null,
    routed_tokens: null,
    routed_examples: null,
  };
}

const NOTHING = {
  squared_error: null,
  relative_error: null,
  zero_collapse: null,
  largest_channel_error: null,
};
