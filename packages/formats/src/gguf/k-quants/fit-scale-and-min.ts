import { nearestInt } from './nearest-int.js';

/** How a scale and a minimum are searched for. */
export interface ScaleAndMinSearch {
  /** Codes are 0 … levels. */
  readonly levels: number;
  /** The first trial divides the range by levels + first, and each further one by 0.1 more. */
  readonly first: number;
  /** How many trials follow the first. */
  readonly further: number;
  /** What is least in sum, weighted: |error| or error². */
  readonly error: 'absolute' | 'squared';
}

/** What is rounded: values[at … at + weights.length), and how much the error of each one weighs. */
export interface SubBlock {
  readonly values: Float32Array;
  readonly at: number;
  /** None is negative. */
  readonly weights: Float32Array;
}

const f = Math.fround;
const STEP = f(0.1);

/**
 * Codes q, a scale s ≥ 0 and a minimum m ≥ 0 with s q − m close to the values of a sub-block: the codes of
 * each trial's scale are rounded, scale and minimum by weighted least squares follow from them, and the best of
 * all trials stays. Every operation rounds to float32, in the order of llama.cpp's ggml-quants.c
 * (make_qkx2_quants), where a better trial also moves the minimum that the next one rounds from.
 *
 * @param codes codes[at …] become those of the sub-block
 * @param trial room for the codes of a trial
 */
export function fitScaleAndMin(
  block: SubBlock,
  search: ScaleAndMinSearch,
  codes: Uint8Array,
  trial: Uint8Array,
): { scale: number; min: number } {
  const { at, weights } = block;
  const { levels, error } = search;
  const range = rangeOf(block);
  const { most } = range;
  let { least } = range;
  if (most === least) {
    codes.fill(0, at, at + weights.length);
    return { scale: 0, min: -least };
  }
  const inverse = f(levels / f(most - least));
  let scale = f(1 / inverse);
  roundAndFit(block, { inverse, least, levels }, range, trial);
  codes.set(trial, at);
  let bestError = errorOf(block, trial, { scale, offset: least }, error, Number.POSITIVE_INFINITY);

  for (let step = 0; step <= search.further; step++) {
    const parts = f(f(search.first + f(STEP * step)) + levels);
    const trialInverse = f(parts / f(most - least));
    const fit = roundAndFit(block, { inverse: trialInverse, least, levels }, range, trial);
    if (fit === undefined) continue;
    const trialError = errorOf(block, trial, fit, error, bestError);
    if (trialError < bestError) {
      codes.set(trial, at);
      bestError = trialError;
      scale = fit.scale;
      least = fit.offset;
    }
  }
  return { scale, min: -least };
}

/** The range from the least value or 0 to the largest, the sum of the weights and that of weighted values. */
function rangeOf({ values, at, weights }: SubBlock) {
  let least = values[at] ?? 0;
  let most = least;
  let sumW = weights[0] ?? 0;
  let sumX = f(sumW * least);
  for (let i = 1; i < weights.length; i++) {
    const x = values[at + i] ?? 0;
    const w = weights[i] ?? 0;
    if (x < least) least = x;
    if (x > most) most = x;
    sumW = f(sumW + w);
    sumX = f(sumX + f(w * x));
  }
  return { least: Math.min(least, 0), most, sumW, sumX };
}

/**
 * Rounds (x − least) · inverse to the codes, and gives the scale and the offset ≤ 0 of least weighted squares
 * for these; undefined where all codes are alike.
 */
function roundAndFit(
  { values, at, weights }: SubBlock,
  { inverse, least, levels }: { inverse: number; least: number; levels: number },
  { sumW, sumX }: { sumW: number; sumX: number },
  codes: Uint8Array,
): { scale: number; offset: number } | undefined {
  let sumL = 0;
  let sumLL = 0;
  let sumXL = 0;
  for (let i = 0; i < weights.length; i++) {
    const x = values[at + i] ?? 0;
    let code = nearestInt(f(inverse * f(x - least)));
    code = code < 0 ? 0 : code > levels ? levels : code;
    codes[i] = code;
    const wl = f((weights[i] ?? 0) * code);
    sumL = f(sumL + wl);
    sumLL = f(sumLL + f(wl * code));
    sumXL = f(sumXL + f(wl * x));
  }
  const determinant = f(f(sumW * sumLL) - f(sumL * sumL));
  if (!(determinant > 0)) return undefined;
  const offset = f(f(f(sumLL * sumX) - f(sumL * sumXL)) / determinant);
  if (offset > 0) return { scale: f(sumXL / sumLL), offset: 0 };
  return { scale: f(f(f(sumW * sumXL) - f(sumX * sumL)) / determinant), offset };
}

/** The weighted sum of errors; no more than that it reaches the limit, where it does. */
function errorOf(
  { values, at, weights }: SubBlock,
  codes: Uint8Array,
  { scale, offset }: { scale: number; offset: number },
  error: ScaleAndMinSearch['error'],
  limit: number,
): number {
  const squared = error === 'squared';
  let sum = 0;
  // A sum of what is not negative never falls.
  for (let i = 0; i < weights.length && !(sum >= limit); i++) {
    const difference = f(f(f(scale * (codes[i] ?? 0)) + offset) - (values[at + i] ?? 0));
    const size = squared ? f(difference * difference) : Math.abs(difference);
    sum = f(sum + f((weights[i] ?? 0) * size));
  }
  return sum;
}
