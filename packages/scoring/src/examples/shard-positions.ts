import { type CalibrationSet, planBatches } from '@layersense/calibration';
import type { AnyJobSpec } from '@layersense/contracts';
import { type BatchSizes, batchOptions, largestTokenBudget } from './pending-batches.js';

/** One of `of` parts of a job's examples. */
export interface Shard {
  /** The number of the shard, from 0. */
  readonly index: number;
  readonly of: number;
}

/**
 * The examples of a shard, out of those at `positions`: a run of the batches that one worker would
 * compute, about as many tokens as in every other shard. Where a worker computes the same batches,
 * it computes the same bits. Memory does not enter, so that all workers cut alike; a shard is empty
 * where there are fewer batches than shards.
 */
export function shardPositions(
  set: CalibrationSet,
  positions: readonly number[],
  { params, device }: Pick<AnyJobSpec, 'device'> & Pick<BatchSizes, 'params'>,
  { index, of }: Shard,
): number[] {
  const lengths = positions.map((position) => set.examples[position]?.inputIds.length ?? 0);
  const options = batchOptions(set, { params, tokenBudget: largestTokenBudget(device) });
  const batches = planBatches(lengths, options);
  const work = batches.reduce((sum, { batch, length }) => sum + batch * length, 0);
  let before = 0;
  return batches.flatMap(({ positions: rows, batch, length }) => {
    // A batch belongs where its middle lies.
    const shard = Math.floor((of * (before + (batch * length) / 2)) / work);
    before += batch * length;
    return shard === index ? rows.map((row) => positions[row] ?? -1) : [];
  });
}
