import { EXAMPLE_GROUPS, LayersenseError } from '@layersense/contracts';
import type { BatchMarginals, BatchStatistics } from './fisher-accumulator.js';

/** Σₙ Σ g² of a matrix over the examples of each group: [groups, outputs] and [groups, inputs]. */
export interface GroupMarginals {
  readonly byOutput: Float64Array;
  readonly byInput: Float64Array;
}

/**
 * Adds up the marginals of examples by group, in float64. The order in which batches arrive changes
 * the last digits alone.
 */
export class MarginalSums {
  readonly #sums = new Map<string, GroupMarginals>();
  readonly #examples = new Float64Array(EXAMPLE_GROUPS);

  /**
   * @param groups the group of every example of the run: see `exampleGroup`
   * @param sourceRows the dataset row of every example, for messages
   */
  constructor(
    private readonly groups: readonly number[],
    private readonly sourceRows: readonly number[],
  ) {}

  /**
   * Adds a batch whose examples are not among those before.
   *
   * @throws LayersenseError `non_finite_gradient` naming the layer and the example
   */
  add({ examples, losses, marginals = new Map() }: BatchStatistics): void {
    for (const [name, batch] of marginals) {
      const sums = this.#sums.get(name) ?? emptySums(batch, losses.length);
      this.#sums.set(name, sums);
      examples.forEach((example, row) => {
        const group = this.groups[example] ?? 0;
        for (const over of ['byOutput', 'byInput'] as const) {
          const width = batch[over].length / losses.length;
          const values = batch[over].subarray(row * width, (row + 1) * width);
          const total = addTo(sums[over].subarray(group * width, (group + 1) * width), values);
          if (!Number.isFinite(total)) throw this.#notFinite(name, example, total);
        }
      });
    }
    for (const example of examples) {
      const group = this.groups[example] ?? 0;
      this.#examples[group] = (this.#examples[group] ?? 0) + 1;
    }
  }

  /** By matrix, or part of a packed one. */
  get sums(): ReadonlyMap<string, GroupMarginals> {
    return this.#sums;
  }

  /** How many examples of each group are in the sums. */
  get examples(): readonly number[] {
    return [...this.#examples];
  }

  #notFinite(layer: string, example: number, value: number): LayersenseError {
    const row = this.sourceRows[example] ?? example;
    return new LayersenseError(
      'non_finite_gradient',
      `The squared gradients of ${layer} add up to ${value} on example ${row}. Look at that example and at the checkpoint's weights; nothing was stored, because leaving the example out would bias every sum.`,
      { layer, example: row, value: String(value) },
    );
  }
}

function emptySums({ byOutput, byInput }: BatchMarginals, rows: number): GroupMarginals {
  const empty = ({ length }: ArrayLike<number>) =>
    new Float64Array((length / rows) * EXAMPLE_GROUPS);
  return { byOutput: empty(byOutput), byInput: empty(byInput) };
}

/** Adds values that are no less than zero, whatever rounding says; the sum of them. */
function addTo(sums: Float64Array, values: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < sums.length; i++) {
    const value = Math.max(0, values[i] ?? Number.NaN);
    sums[i] = (sums[i] ?? 0) + value;
    total += value;
  }
  return total;
}
