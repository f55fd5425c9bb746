import { type Batch, type CalibrationSet, calibrationBatches } from '@layersense/calibration';
import type { FisherParams } from '@layersense/contracts';
import type { ParsedModel } from '@layersense/models';
import type { FisherAccumulator } from '@layersense/sensitivity';

/**
 * Elements of one logits tensor that a batch may have (256 MB of float32; a few such tensors live
 * at once). It is the vocabulary, up to 152,000 entries, that makes a batch large.
 */
const LOGIT_ELEMENTS = 64 * 1024 * 1024;

/** Larger batches than this run no faster. */
const TOKENS = 1024;

/**
 * The batches an earlier attempt has not finished, sized by what the model's head makes of them
 * unless the caller says.
 */
export function* pendingBatches(
  set: CalibrationSet,
  finished: FisherAccumulator,
  { batch_size: batchSize, loss }: FisherParams,
  { vocabulary }: ParsedModel,
): Generator<Batch> {
  const affordable = Math.max(1, Math.floor(LOGIT_ELEMENTS / vocabulary));
  const tokenBudget =
    batchSize === undefined ? Math.min(TOKENS, affordable) : Number.MAX_SAFE_INTEGER;
  const options = { loss, batchSize, tokenBudget, shapeCost: TOKENS };
  for (const batch of calibrationBatches(set, options)) {
    if (!batch.examplePositions.every((position) => finished.has(position))) yield batch;
  }
}

/** How many tokens that are not padding these examples hold. */
export function tokensOf(set: CalibrationSet, examples: readonly number[]): number {
  return examples.reduce((sum, i) => sum + (set.examples[i]?.inputIds.length ?? 0), 0);
}
