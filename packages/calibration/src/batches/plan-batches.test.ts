import { largest, nonEmpty } from '@layersense/testing';
import { describe, expect, it } from 'vitest';
import { sampleIndices } from '../sample-indices.js';
import { type BatchOptions, bucketLength, planBatches } from './plan-batches.js';

/** 64 lengths between 20 and 180, in no order. */
const lengths = sampleIndices(160, 64, 5).map((i) => i + 20);

const shapes = (options?: BatchOptions): Set<string> =>
  new Set(planBatches(lengths, options).map(({ batch, length }) => `${batch}x${length}`));

const computedTokens = (options?: BatchOptions): number =>
  planBatches(lengths, options).reduce((sum, { batch, length }) => sum + batch * length, 0);

describe('bucketLength', () => {
  it('rounds up to 8, 16, … 64, 72, … 128, 144, … 256, 288, …', () => {
    const inputs = [2, 8, 9, 64, 65, 127, 128, 129, 200, 257, 1000, 2048];
    const outputs = [8, 8, 16, 64, 72, 128, 128, 144, 208, 288, 1024, 2048];
    expect(inputs.map(bucketLength)).toEqual(outputs);
  });

  it('adds less than an eighth from 64 up', () => {
    for (let length = 64; length < 5000; length += 1) {
      const bucket = bucketLength(length);
      expect(bucket).toBeGreaterThanOrEqual(length);
      expect(bucket).toBeLessThan(length * 1.125);
    }
  });
});

describe.each<[string, BatchOptions]>([
  ['default', {}],
  ['a batch of one', { batchSize: 1 }],
  ['a batch size', { batchSize: 5 }],
  ['a small budget', { tokenBudget: 100 }],
  ['free shapes', { shapeCost: 0 }],
  ['dear shapes', { shapeCost: 1e9 }],
])('planBatches with %s', (_, options) => {
  const plan = nonEmpty(planBatches(lengths, options));

  it('has every example exactly once, in rows that hold it', () => {
    const positions = plan.flatMap((batch) => batch.positions);
    expect(positions.toSorted((a, b) => a - b)).toEqual(lengths.map((_length, i) => i));
    for (const batch of plan) {
      expect(batch.positions.length).toBeLessThanOrEqual(batch.batch);
      for (const position of nonEmpty(batch.positions)) {
        expect(lengths[position]).toBeLessThanOrEqual(batch.length);
      }
    }
  });

  it('keeps the limits', () => {
    const { batchSize = Infinity, tokenBudget = 2048 } = options;
    for (const { batch, length } of plan) {
      expect(batch).toBeLessThanOrEqual(batchSize);
      // An example longer than the budget is a batch of its own.
      expect(batch === 1 || batch * length <= tokenBudget).toBe(true);
      expect(length).toBeLessThanOrEqual(largest(lengths));
    }
  });

  it('starts with the longest and gives each length one batch size', () => {
    const sizes = plan.map(({ length }) => length);
    expect(sizes).toEqual(sizes.toSorted((a, b) => b - a));
    expect(new Set(plan.map(({ batch, length }) => `${batch}x${length}`)).size).toBe(
      new Set(sizes).size,
    );
  });

  it('is deterministic', () => {
    expect(planBatches(lengths, options)).toEqual(plan);
  });
});

describe('the price of a shape', () => {
  it('trades padding for fewer shapes', () => {
    expect(shapes({ shapeCost: 1e9 }).size).toBe(1);
    expect(shapes().size).toBeLessThanOrEqual(4);
    expect(shapes({ shapeCost: 0 }).size).toBeGreaterThan(8);
    expect(computedTokens({ shapeCost: 0 })).toBeLessThan(computedTokens());
    expect(computedTokens()).toBeLessThan(computedTokens({ shapeCost: 1e9 }));
  });

  it('finds the cheapest grouping', () => {
    // 4 + 1 rows: one shape of 5 x 96 = 480 tokens, or 4 x 16 + 1 x 96 = 160 tokens in two.
    const mixed = [16, 16, 96, 16, 16];
    expect(
      planBatches(mixed, { shapeCost: 319 }).map(({ batch, length }) => [batch, length]),
    ).toEqual([
      [1, 96],
      [4, 16],
    ]);
    expect(planBatches(mixed, { shapeCost: 321 })).toEqual([
      { positions: [0, 1, 3, 4, 2], batch: 5, length: 96 },
    ]);
  });
});

describe('small cases', () => {
  it('spreads rows evenly: 9 examples in batches of at most 8 are 5 and 4', () => {
    const nine = planBatches(Array<number>(9).fill(16), { batchSize: 8 });
    expect(nine.map(({ batch, positions }) => [batch, positions.length])).toEqual([
      [5, 5],
      [5, 4],
    ]);
  });

  it('never pads beyond the longest example', () => {
    expect(planBatches([1000, 990]).map(({ length }) => length)).toEqual([1000]);
  });

  it('gives an example longer than the budget a batch of its own', () => {
    expect(planBatches([5000, 5000], { tokenBudget: 2048 }).map(({ batch }) => batch)).toEqual([
      1, 1,
    ]);
  });

  it('plans nothing for nothing', () => {
    expect(planBatches([])).toEqual([]);
  });

  it('puts examples of another group in other batches, none padded beyond its group', () => {
    const lengths = [10, 33, 12, 41, 33, 16, 17];
    const lengthGroup = (length: number) => `${Math.max(length, 16)}`;
    const grouped = planBatches(lengths, { lengthGroup, shapeCost: 1e6 });
    const rows = grouped.map(({ positions, length }) => [length, ...positions]);
    expect(rows).toEqual([
      [41, 3],
      [33, 1, 4],
      [17, 6],
      [16, 0, 2, 5],
    ]);
  });
});
