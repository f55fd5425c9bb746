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

/** A batch whose labels, where they come from the model, are those of one draw. */
export interface DrawnBatch extends Batch {
  /** From 0. */
  readonly draw: number;
}

/**
 * The batches of the examples at `positions` that no earlier attempt has finished, each as often as
 * labels are drawn; sized by what the model's head makes of them unless the caller says.
 */
export function* pendingBatches(
  set: CalibrationSet,
  positions: readonly number[],
  finished: FisherAccumulator,
  { batch_size: batchSize, loss, draws = 1 }: FisherParams,
  { vocabulary }: Pick<ParsedModel, 'vocabulary'>,
): Generator<DrawnBatch> {
  const affordable = Math.max(1, Math.floor(LOGIT_ELEMENTS / vocabulary));
  const tokenBudget =
    batchSize === undefined ? Math.min(TOKENS, affordable) : Number.MAX_SAFE_INTEGER;
  const options = { loss, batchSize, tokenBudget, shapeCost: TOKENS };
  const examples = positions.flatMap((position) => set.examples[position] ?? []);
  for (const batch of calibrationBatches({ examples }, options)) {
    const examplePositions = batch.examplePositions.map((i) => positions[i] ?? -1);
    if (examplePositions.every((position) => finished.has(position))) continue;
    for (let draw = 0; draw < draws; draw++) yield { ...batch, examplePositions, draw };
  }
}

/** How many tokens that are not padding these examples hold. */
export function tokensOf(set: CalibrationSet, examples: readonly number[]): number {
  return examples.reduce((sum, i) => sum + (set.examples[i]?.inputIds.length ?? 0), 0);
}
