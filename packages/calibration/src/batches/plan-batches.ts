export interface BatchOptions {
  /** Most examples per batch; by default as many as `tokenBudget` allows. */
  readonly batchSize?: number | undefined;
  /** Most tokens per batch, padding included; a longer example is a batch of its own. */
  readonly tokenBudget?: number | undefined;
  /** What one more distinct shape costs, in tokens of computation: a session must be opened for it. */
  readonly shapeCost?: number | undefined;
  /** Examples of lengths for which this differs are in different batches; all may be together by default. */
  readonly lengthGroup?: ((length: number) => string) | undefined;
}

export interface BatchShape {
  readonly batch: number;
  /** Tokens per row, padding included. */
  readonly length: number;
}

export interface PlannedBatch extends BatchShape {
  /** Indices into `lengths`, at most `batch` of them; the remaining rows are empty. */
  readonly positions: readonly number[];
}

interface Group extends BatchShape {
  readonly start: number;
  readonly end: number;
}

/**
 * Divides examples of the given token counts into batches of few distinct shapes.
 *
 * Examples are sorted by length and cut into groups; each group gets one shape, its longest member's
 * bucket length by just enough rows. The cuts minimise
 *
 *     Σ batches · batch · length  +  shapeCost · groups,
 *
 * the tokens computed (padding and empty rows included) plus the price of the sessions. The longest
 * shape comes first: a plan that does not fit in memory fails at once, not after hours. No row is
 * longer than the longest example of its `lengthGroup`.
 */
export function planBatches(
  lengths: readonly number[],
  options: BatchOptions = {},
): PlannedBatch[] {
  const order = lengths.map((_, position) => position);
  order.sort((a, b) => (lengths[a] ?? 0) - (lengths[b] ?? 0) || a - b);
  const { lengthGroup = () => '' } = options;
  const groupAt = (position: number) => lengthGroup(lengths[position] ?? 0);
  return [...new Set(order.map(groupAt))]
    .map((group) => order.filter((position) => groupAt(position) === group))
    .flatMap((positions) => planGroup(lengths, positions, options))
    .sort((a, b) => b.length - a.length);
}

/** The batches of the examples at the positions in `order`, which is that of their lengths. */
function planGroup(
  lengths: readonly number[],
  order: readonly number[],
  options: BatchOptions,
): PlannedBatch[] {
  const sorted = order.map((position) => lengths[position] ?? 0);
  return cheapestGroups(sorted, options)
    .toReversed()
    .flatMap(({ start, end, batch, length }) => {
      const batches: PlannedBatch[] = [];
      for (let from = start; from < end; from += batch) {
        batches.push({ positions: order.slice(from, Math.min(from + batch, end)), batch, length });
      }
      return batches;
    });
}

/**
 * `length` rounded up to a multiple of 8, or of an eighth of the power of two below it where that
 * is more: 8, 16, … 64, 72, … 128, 144, … 256, 288, … so padding stays under 12.5 % from 64 up.
 */
export function bucketLength(length: number): number {
  const step = Math.max(8, 2 ** Math.floor(Math.log2(length)) / 8);
  return Math.ceil(length / step) * step;
}

/** Dynamic programming over the ends of buckets: the best grouping of the first `end` examples. */
function cheapestGroups(sorted: readonly number[], options: BatchOptions): Group[] {
  const { tokenBudget = 2048 } = options;
  const { shapeCost = tokenBudget } = options;
  const longest = sorted.at(-1) ?? 0;
  let best: { end: number; cost: number; groups: readonly Group[] }[] = [
    { end: 0, cost: 0, groups: [] },
  ];
  for (const end of bucketEnds(sorted)) {
    // Never beyond the longest example: the model's position table may end right there.
    const length = Math.min(bucketLength(sorted[end - 1] ?? 0), longest);
    const candidates = best.map((prefix) => {
      const group = groupOf(prefix.end, end, length, tokenBudget, options.batchSize);
      const batches = Math.ceil((end - group.start) / group.batch);
      const cost = prefix.cost + batches * group.batch * length + shapeCost;
      return { end, cost, groups: [...prefix.groups, group] };
    });
    best = [...best, candidates.reduce((a, b) => (b.cost < a.cost ? b : a))];
  }
  return [...(best.at(-1)?.groups ?? [])];
}

/** Positions in `sorted` where a bucket ends (exclusive). */
function bucketEnds(sorted: readonly number[]): number[] {
  const ends: number[] = [];
  for (const [i, length] of sorted.entries()) {
    const next = sorted[i + 1];
    if (next === undefined || bucketLength(next) !== bucketLength(length)) ends.push(i + 1);
  }
  return ends;
}

/** Rows are spread evenly over the fewest batches, so fewer than one row per batch is empty. */
function groupOf(
  start: number,
  end: number,
  length: number,
  tokenBudget: number,
  batchSize = Number.POSITIVE_INFINITY,
): Group {
  const most = Math.min(batchSize, Math.max(1, Math.floor(tokenBudget / length)));
  const batches = Math.ceil((end - start) / most);
  return { start, end, batch: Math.ceil((end - start) / batches), length };
}
