import { type Batch, type CalibrationSet, calibrationBatches } from '@layersense/calibration';
import type { FisherParams } from '@layersense/contracts';
import type { ParsedModel } from '@layersense/models';

/**
 * Elements of one logits tensor that a batch may have (256 MB of float32; a few such tensors live
 * at once). It is the vocabulary, up to 152,000 entries, that makes a batch large.
 */
const LOGIT_ELEMENTS = 64 * 1024 * 1024;

/** Larger batches than this run no faster. */
const TOKENS = 1024;

/** A batch, and how many tokens that are not padding it holds. */
export interface SizedBatch extends Batch {
  readonly tokens: number;
}

/** The batches of a job, sized by what the model's head makes of them unless the caller says. */
export function* batchesOf(
  set: CalibrationSet,
  { batch_size: batchSize, loss }: FisherParams,
  { vocabulary }: ParsedModel,
): Generator<SizedBatch> {
  const affordable = Math.max(1, Math.floor(LOGIT_ELEMENTS / vocabulary));
  const tokenBudget =
    batchSize === undefined ? Math.min(TOKENS, affordable) : Number.MAX_SAFE_INTEGER;
  for (const batch of calibrationBatches(set, {
    loss,
    batchSize,
    tokenBudget,
    shapeCost: TOKENS,
  })) {
    const tokens = batch.examplePositions.reduce(
      (sum, position) => sum + (set.examples[position]?.inputIds.length ?? 0),
      0,
    );
    yield { ...batch, tokens };
  }
}
