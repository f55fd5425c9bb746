import {
  EXAMPLE_GROUPS,
  type GroupMarginals,
  LayersenseError,
  type RunMarginals,
} from '@layersense/contracts';
import type { BatchMarginals, BatchStatistics } from './fisher-accumulator.js';

/**
 * Adds up the marginals of examples by group, in float64. The order in which batches arrive changes
 * the last digits alone.
 */
export class MarginalSums {
  readonly #sums = new Map<string, GroupMarginals>();
  readonly #added = new Set<number>();

  /**
   * @param groups the group of every example of the run: see `exampleGroup`
   * @param sourceRows the dataset row of every example, for messages
   */
  constructor(
    private readonly groups: readonly number[],
    private readonly sourceRows: readonly number[],
  ) {}

  /** Takes over sums of examples that are not among those before. */
  restore(examples: readonly number[], sums: ReadonlyMap<string, GroupMarginals>): void {
    for (const [name, { byOutput, byInput }] of sums) {
      const before = this.#sums.get(name);
      this.#sums.set(name, {
        byOutput: before ? joined(before.byOutput, byOutput) : byOutput.slice(),
        byInput: before ? joined(before.byInput, byInput) : byInput.slice(),
      });
    }
    for (const example of examples) this.#added.add(example);
  }

  /**
   * Adds a batch. Examples that were in one before, as in a batch of another size, count once.
   *
   * @throws LayersenseError `non_finite_gradient` naming the layer and the example
   */
  add({ examples, losses, marginals = new Map() }: BatchStatistics): void {
    for (const [name, batch] of marginals) {
      const sums = this.#sums.get(name) ?? emptySums(batch, losses.length);
      this.#sums.set(name, sums);
      examples.forEach((example, row) => {
        if (this.#added.has(example)) return;
        const group = this.groups[example] ?? 0;
        for (const over of ['byOutput', 'byInput'] as const) {
          const width = batch[over].length / losses.length;
          const values = batch[over].subarray(row * width, (row + 1) * width);
          const total = addTo(sums[over].subarray(group * width, (group + 1) * width), values);
          if (!Number.isFinite(total)) throw this.#notFinite(name, example, total);
        }
      });
    }
    for (const example of examples) this.#added.add(example);
  }

  /** Whether an example is in the sums. */
  has(example: number): boolean {
    return this.#added.has(example);
  }

  /** By matrix, or part of a packed one. */
  get sums(): ReadonlyMap<string, GroupMarginals> {
    return this.#sums;
  }

  /** The examples in the sums, in the order they came. */
  get examples(): readonly number[] {
    return [...this.#added];
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

/** The same sums in fewer groups, each of which joins several. */
export function withFewerGroups({ groups, matrices }: RunMarginals, count: number): RunMarginals {
  const joinedSums = (sums: Float64Array): Float64Array => {
    const width = sums.length / groups.length;
    const result = new Float64Array(width * count);
    sums.forEach((value, i) => {
      const group = Math.floor(i / width) % count;
      const at = group * width + (i % width);
      result[at] = (result[at] ?? 0) + value;
    });
    return result;
  };
  return {
    groups: Array.from({ length: count }, (_, group) => {
      const members = groups.filter((_, g) => g % count === group);
      const total = (of: 'examples' | 'targets') =>
        members.reduce((sum, each) => sum + each[of], 0);
      return { examples: total('examples'), targets: total('targets') };
    }),
    matrices: new Map(
      [...matrices].map(([name, { byOutput, byInput }]) => [
        name,
        { byOutput: joinedSums(byOutput), byInput: joinedSums(byInput) },
      ]),
    ),
  };
}

function emptySums({ byOutput, byInput }: BatchMarginals, rows: number): GroupMarginals {
  const empty = ({ length }: ArrayLike<number>) =>
    new Float64Array((length / rows) * EXAMPLE_GROUPS);
  return { byOutput: empty(byOutput), byInput: empty(byInput) };
}

function joined(a: Float64Array, b: Float64Array): Float64Array {
  return a.map((value, i) => value + (b[i] ?? Number.NaN));
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
