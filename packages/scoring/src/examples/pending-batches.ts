import {
  type Batch,
  type BatchOptions,
  type BatchShape,
  type CalibrationSet,
  calibrationBatches,
  planBatches,
} from '@layersense/calibration';
import type { Device, FisherParams, Loss } from '@layersense/contracts';
import type { FisherAccumulator } from '@layersense/runs';

/** Tokens whose computation takes as long as opening the session of one more batch shape. */
const SHAPE_COST = 1024;

/**
 * Tokens of a batch beyond which examples take no less time each. A CPU multiplies 256 rows about as
 * fast per row as 1024, and activations are a quarter; on the other devices every node costs a launch.
 */
export function largestTokenBudget(device: Device): number {
  return device === 'cpu' || device === 'auto' ? 256 : 1024;
}

/** A batch whose labels, where they come from the model, are those of one draw. */
export interface DrawnBatch extends Batch {
  /** The number of the draw of labels, from 0. */
  readonly draw: number;
}

/** What decides how large batches are. */
export interface BatchSizes {
  readonly params: Pick<FisherParams, 'batch_size'>;
  /** Most tokens of a batch, padding included, unless `params` has a batch size. */
  readonly tokenBudget: number;
}

export interface BatchContents extends BatchSizes {
  readonly params: Pick<FisherParams, 'batch_size' | 'draws'>;
  readonly loss: Loss;
  readonly padId?: number;
}

export interface PendingExamples {
  /** Positions of the examples that batches are made of. */
  readonly planned: readonly number[];
  /** Those of them to compute: all, or a shard's. */
  readonly wanted: readonly number[];
}

/**
 * The batches of the wanted examples that no earlier attempt has finished, each as often as labels
 * are drawn. They are those of all planned examples, as one worker makes them, unless less memory
 * made these so much smaller that a batch lies in two shards: then of the wanted examples alone.
 */
export function* pendingBatches(
  set: CalibrationSet,
  { planned, wanted }: PendingExamples,
  finished: FisherAccumulator,
  { loss, padId, ...sizes }: BatchContents,
): Generator<DrawnBatch> {
  const { draws = 1 } = sizes.params;
  const options = { loss, padId, ...batchOptions(set, sizes) };
  const isWanted = new Set(wanted);
  const positions = cutsAtBatches(set, planned, isWanted, options) ? planned : wanted;
  const examples = positions.flatMap((position) => set.examples[position] ?? []);
  for (const batch of calibrationBatches({ examples }, options)) {
    const examplePositions = batch.examplePositions.map((i) => positions[i] ?? -1);
    if (examplePositions.every((i) => finished.has(i) || !isWanted.has(i))) continue;
    for (let draw = 0; draw < draws; draw++) yield { ...batch, examplePositions, draw };
  }
}

/** Whether every batch of the planned examples is wanted as a whole or not at all. */
function cutsAtBatches(
  set: CalibrationSet,
  planned: readonly number[],
  isWanted: ReadonlySet<number>,
  options: BatchOptions,
): boolean {
  const lengths = planned.map((position) => set.examples[position]?.inputIds.length ?? 0);
  return planBatches(lengths, options).every(({ positions }) => {
    const wanted = positions.filter((i) => isWanted.has(planned[i] ?? -1)).length;
    return wanted === 0 || wanted === positions.length;
  });
}

/** The shape of the batch with most tokens, padding included. */
export function largestBatch(set: CalibrationSet, sizes: BatchSizes): BatchShape {
  const lengths = set.examples.map(({ inputIds }) => inputIds.length);
  const batches = planBatches(lengths, batchOptions(set, sizes));
  const size = ({ batch, length }: BatchShape) => batch * length;
  return batches.reduce((a, b) => (size(b) > size(a) ? b : a));
}

/** How examples are made into batches of these sizes. */
export function batchOptions(
  { lengthGroup }: Pick<CalibrationSet, 'lengthGroup'>,
  { params, tokenBudget }: BatchSizes,
): BatchOptions {
  const { batch_size: batchSize } = params;
  return {
    batchSize,
    lengthGroup,
    tokenBudget: batchSize === undefined ? tokenBudget : Number.MAX_SAFE_INTEGER,
    shapeCost: SHAPE_COST,
  };
}

/** How many tokens that are not padding these examples hold. */
export function tokensOf(set: CalibrationSet, examples: readonly number[]): number {
  return examples.reduce((sum, i) => sum + (set.examples[i]?.inputIds.length ?? 0), 0);
}
