import { mix, streamStart } from './counter-random.js';

/** Size of the top whose stability is reported where nobody says. */
export const STANDARD_TOP_K = 10;

export interface BootstrapOptions {
  /** Size of the top; less than the number of rows. */
  readonly k: number;
  readonly seed: number;
  readonly resamples?: number;
}

/** How the top k of a ranking by means holds when the examples are drawn again. */
export interface TopKStability {
  readonly k: number;
  readonly resamples: number;
  /** By row: the share of resamples whose top k it is in. */
  readonly inclusion: Float64Array;
  /** The smallest inclusion among the rows of the observed top k. */
  readonly probability: number;
  /** Mean over the resamples of |A ∩ B| / |A ∪ B|, A the observed top k and B the resample's. */
  readonly jaccard: number;
}

/**
 * Efron's bootstrap over examples (Bootstrap methods, The Annals of Statistics 7, 1979): every resample
 * draws as many examples as there are, with replacement and the same ones for all rows, and ranks the
 * rows by their means over them. With cₙ the number of times that example n is drawn, row x has the
 * score Σₙ cₙ xₙ.
 *
 * Costs rows · examples · resamples multiply-adds, under half a second for 254 · 1024 · 1000.
 *
 * @param rows per-example values of every layer, all of one length
 */
export function topKStability(
  rows: readonly Float64Array[],
  { k, seed, resamples = 1000 }: BootstrapOptions,
): TopKStability {
  const examples = rows[0]?.length ?? 0;
  const observed = largest(sums(rows, new Float64Array(examples).fill(1)), k);
  const isObserved = new Set(observed);
  const counts = new Float64Array(rows.length);
  let overlaps = 0;
  for (let resample = 0; resample < resamples; resample++) {
    const drawn = largest(sums(rows, drawCounts(examples, streamStart(seed, resample))), k);
    let common = 0;
    for (const row of drawn) {
      counts[row] = (counts[row] ?? 0) + 1;
      if (isObserved.has(row)) common++;
    }
    overlaps += common / (2 * k - common);
  }
  const inclusion = counts.map((count) => count / resamples);
  const probability = Math.min(...observed.map((row) => inclusion[row] ?? 0));
  return { k, resamples, inclusion, probability, jaccard: overlaps / resamples };
}

/** How often each of the examples comes up in as many draws with replacement. */
function drawCounts(examples: number, start: number): Float64Array {
  const counts = new Float64Array(examples);
  for (let draw = 0; draw < examples; draw++) {
    // 2⁻³² times a 32-bit number: the bias towards low indices is below examples / 2³².
    const example = Math.floor((mix(start + draw) / 2 ** 32) * examples);
    counts[example] = (counts[example] ?? 0) + 1;
  }
  return counts;
}

function sums(rows: readonly Float64Array[], weights: Float64Array): Float64Array {
  return Float64Array.from(rows, (row) => dot(row, weights));
}

/** Four sums at a time: one alone would wait for every addition to end before the next. */
function dot(a: Float64Array, b: Float64Array): number {
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  let i = 0;
  for (; i + 3 < a.length; i += 4) {
    s0 += (a[i] ?? 0) * (b[i] ?? 0);
    s1 += (a[i + 1] ?? 0) * (b[i + 1] ?? 0);
    s2 += (a[i + 2] ?? 0) * (b[i + 2] ?? 0);
    s3 += (a[i + 3] ?? 0) * (b[i + 3] ?? 0);
  }
  for (; i < a.length; i++) s0 += (a[i] ?? 0) * (b[i] ?? 0);
  return s0 + s1 + (s2 + s3);
}

/** The indices of the k largest values; of equal values the first. */
function largest(values: Float64Array, k: number): number[] {
  const top: number[] = [];
  values.forEach((value, index) => {
    let place = top.length;
    while (place > 0 && (values[top[place - 1] ?? 0] ?? 0) < value) place--;
    if (place < k) top.splice(place, 0, index);
    if (top.length > k) top.pop();
  });
  return top;
}
