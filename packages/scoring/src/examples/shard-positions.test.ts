import type { CalibrationSet } from '@layersense/calibration';
import { FisherParams } from '@layersense/contracts';
import { FisherAccumulator } from '@layersense/runs';
import { nonEmpty } from '@layersense/testing';
import { describe, expect, it } from 'vitest';
import { largestTokenBudget, pendingBatches } from './pending-batches.js';
import { shardPositions } from './shard-positions.js';

/** Lengths from 2 to 200 in no order. */
const lengths = Array.from({ length: 90 }, (_, i) => 2 + ((i * 67) % 199));
const set = {
  examples: lengths.map((length, index) => ({ index, inputIds: new Int32Array(length) })),
} as unknown as CalibrationSet;
const all = lengths.map((_, i) => i);
const device = 'cpu';
const budget = largestTokenBudget(device);

const batchesOf = (wanted: readonly number[], params: FisherParams, tokenBudget: number) => {
  const finished = new FisherAccumulator(all);
  const sizes = { params, tokenBudget, loss: 'token-mean' } as const;
  return [...pendingBatches(set, { planned: all, wanted }, finished, sizes)];
};

describe.each([{}, { batch_size: 1 }, { batch_size: 7 }])('with %j', (given) => {
  const params = FisherParams.parse(given);
  const shardsOf = (of: number) =>
    Array.from({ length: of }, (_, index) =>
      shardPositions(set, all, { params, device }, { index, of }),
    );

  it.each([1, 2, 3, 16])('divides all examples among %i shards', (of) => {
    expect(
      shardsOf(of)
        .flat()
        .toSorted((a, b) => a - b),
    ).toEqual(all);
  });

  it('makes the batches that one worker would make', () => {
    const divided = shardsOf(3).map((shard) => batchesOf(shard, params, budget));
    expect(divided.map((batches) => batches.length > 0)).toEqual([true, true, true]);
    expect(divided.flat()).toEqual(batchesOf(all, params, budget));
  });

  it('divides the work evenly', () => {
    const tokens = shardsOf(3).map((shard) => shard.reduce((sum, i) => sum + (lengths[i] ?? 0), 0));
    const mean = tokens.reduce((a, b) => a + b) / 3;
    for (const each of nonEmpty(tokens)) expect(Math.abs(each / mean - 1)).toBeLessThan(0.3);
  });

  it('loses and repeats nothing where memory makes the batches smaller', () => {
    const computed = shardsOf(3).flatMap((shard) => batchesOf(shard, params, budget / 4));
    const positions = computed.flatMap(({ examplePositions }) => [...examplePositions]);
    expect(positions.toSorted((a, b) => a - b)).toEqual(all);
  });
});

it('leaves shards empty where there are more of them than batches', () => {
  const params = FisherParams.parse({ batch_size: 1 });
  const shards = Array.from({ length: 5 }, (_, index) =>
    shardPositions(set, [3, 8], { params, device }, { index, of: 5 }),
  );
  expect(shards.filter((shard) => shard.length === 0)).toHaveLength(3);
  expect(shards.flat().toSorted((a, b) => a - b)).toEqual([3, 8]);
});
