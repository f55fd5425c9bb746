import {
  type Batch,
  type BatchOptions,
  type BatchShape,
  type CalibrationSet,
  calibrationBatches,
  planBatches,
} from '@layersense/calibration';
import type { FisherParams } from '@layersense/contracts';
import type { ParsedModel } from '@layersense/models';
import type { FisherAccumulator } from '@layersense/sensitivity';

/**
 * Elements of one logits tensor that a batch may have (256 MB of float32; a few such tensors live
 * at once). It is the vocabulary, up to 152,000 entries, that makes a batch large.
 */
const LOGIT_ELEMENTS = 64 * 1024 * 1024;

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
  readonly model: Pick<ParsedModel, 'vocabulary'>;
  /** Most tokens of a batch, padding included, unless `params` has a batch size. */
  readonly tokenBudget: number;
}

/**
 * The batches of the examples at `positions` that no earlier attempt has finished, each as often as
 * labels are drawn; sized by what the model's head makes of them unless the caller says.
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

function batchOptions({ params, model, tokenBudget }: BatchSizes): BatchOptions {
  const { batch_size: batchSize } = params;
  const affordable = Math.max(1, Math.floor(LOGIT_ELEMENTS / model.vocabulary));
  return {
    batchSize,
    tokenBudget:
      batchSize === undefined ? Math.min(tokenBudget, affordable) : Number.MAX_SAFE_INTEGER,
    shapeCost: LARGEST_TOKEN_BUDGET,
  };
}

/** How many tokens that are not padding these examples hold. */
export function tokensOf(set: CalibrationSet, examples: readonly number[]): number {
  return examples.reduce((sum, i) => sum + (set.examples[i]?.inputIds.length ?? 0), 0);
}
