import type { ErrorSums, WeightSums } from './row-sums.js';

/** What a format makes of a matrix, or of several together. */
export interface FormatError {
  /** ‖ΔW‖²_F with ΔW = Ŵ − W. */
  readonly squaredError: number;
  /** ‖W‖²_F. */
  readonly squaredNorm: number;
  /** How many elements are not zero in W, and of these are zero in Ŵ. */
  readonly nonZero: number;
  readonly collapsed: number;
  /** max_a Σ_b ΔW_ab² over the outputs a. */
  readonly largestChannelError: number;
}

/** Of the rows from `start` to `end`. */
export function formatError(
  errors: ErrorSums,
  weights: WeightSums,
  { start, end }: { readonly start: number; readonly end: number },
): FormatError {
  const ofRows = (values: Float64Array) => values.subarray(start, end);
  return {
    squaredError: sum(ofRows(errors.squared)),
    squaredNorm: sum(ofRows(weights.squared)),
    nonZero: sum(ofRows(weights.nonZero)),
    collapsed: sum(ofRows(errors.collapsed)),
    largestChannelError: ofRows(errors.squared).reduce((a, b) => Math.max(a, b), 0),
  };
}

/** Of the matrices of a stack together. */
export function jointFormatError(errors: readonly FormatError[]): FormatError {
  const total = (of: (error: FormatError) => number) => sum(errors.map(of));
  return {
    squaredError: total((error) => error.squaredError),
    squaredNorm: total((error) => error.squaredNorm),
    nonZero: total((error) => error.nonZero),
    collapsed: total((error) => error.collapsed),
    largestChannelError: Math.max(0, ...errors.map((error) => error.largestChannelError)),
  };
}

/** The metrics of a score; those that divide by nothing are null. */
export function formatErrorValues(error: FormatError) {
  const { squaredError, squaredNorm, nonZero, collapsed } = error;
  return {
    squared_error: squaredError,
    relative_error: squaredNorm === 0 ? null : Math.sqrt(squaredError / squaredNorm),
    zero_collapse: nonZero === 0 ? null : collapsed / nonZero,
    largest_channel_error: error.largestChannelError,
  };
}

function sum(values: Float64Array | readonly number[]): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
