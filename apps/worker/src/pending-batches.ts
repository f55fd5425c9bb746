import {
  type Batch,
  type BatchOptions,
  type BatchShape,
  type CalibrationSet,
  calibrationBatches,
  planBatches,
} from '@layersense/calibration';
import type { FisherParams } from '@layersense/contracts';
import type { FisherAccumulator } from '@layersense/sensitivity';

/** Larger batches than this run no faster. */
export const LARGEST_TOKEN_BUDGET = 1024;

/** A batch whose labels, where they come from the model, are those of one draw. */
export interface DrawnBatch extends Batch {
  /** From 0. */
  readonly draw: number;
}

/** What decides how large batches are. */
export interface BatchSizes {
  readonly params: FisherParams;
  /** Most tokens of a batch, padding included, unless `params` has a batch size. */
  readonly tokenBudget: number;
}

/**
 * The batches of the examples at `positions` that no earlier attempt has finished, each as often as
 * labels are drawn.
 */
export function* pendingBatches(
  set: CalibrationSet,
  positions: readonly number[],
  finished: FisherAccumulator,
  sizes: BatchSizes,
): Generator<DrawnBatch> {
  const { loss, draws = 1 } = sizes.params;
  const options = { loss, ...batchOptions(sizes) };
  const examples = positions.flatMap((position) => set.examples[position] ?? []);
  for (const batch of calibrationBatches({ examples }, options)) {
    const examplePositions = batch.examplePositions.map((i) => positions[i] ?? -1);
    if (examplePositions.every((position) => finished.has(position))) continue;
    for (let draw = 0; draw < draws; draw++) yield { ...batch, examplePositions, draw };
  }
}

/** The shape of the batch with most tokens, padding included. */
export function largestBatch(set: CalibrationSet, sizes: BatchSizes): BatchShape {
  const lengths = set.examples.map(({ inputIds }) => inputIds.length);
  const batches = planBatches(lengths, batchOptions(sizes));
  const size = ({ batch, length }: BatchShape) => batch * length;
  return batches.reduce((a, b) => (size(b) > size(a) ? b : a));
}

function batchOptions({ params, tokenBudget }: BatchSizes): BatchOptions {
  const { batch_size: batchSize } = params;
  return {
    batchSize,
    tokenBudget: batchSize === undefined ? tokenBudget : Number.MAX_SAFE_INTEGER,
    shapeCost: LARGEST_TOKEN_BUDGET,
  };
}

/** How many tokens that are not padding these examples hold. */
export function tokensOf(set: CalibrationSet, examples: readonly number[]): number {
  return examples.reduce((sum, i) => sum + (set.examples[i]?.inputIds.length ?? 0), 0);
}
