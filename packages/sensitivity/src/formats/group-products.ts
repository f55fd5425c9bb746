import { EXAMPLE_GROUPS, type GroupMarginals } from '@layersense/contracts';
import type { Rows } from './row-sums.js';

/**
 * B[g,h] = r_gᵀ (ΔW ∘ ΔW) c_h over all pairs of groups, from the rows of W and of what a format makes
 * of them: a row's Σ_b c_h,b ΔW_ab² is made for all groups at once, eight multiply-adds a weight, and then
 * weighed by each group's r_g,a.
 */
export class GroupProducts {
  readonly #outputs: number;
  /** By input, the numbers of all groups side by side; 0 for groups that the run does not have. */
  readonly #byInput: Float64Array;
  readonly #products: Float64Array;

  /** @throws RangeError for more than eight groups */
  constructor(
    private readonly marginals: GroupMarginals,
    private readonly groups: number,
  ) {
    if (groups > EXAMPLE_GROUPS) throw new RangeError(`${groups} groups of marginals`);
    this.#outputs = marginals.byOutput.length / groups;
    this.#byInput = sideBySide(marginals.byInput, groups);
    this.#products = new Float64Array(groups ** 2);
  }

  /** @param at the number of the first of the rows among the outputs */
  add({ values, rows, columns }: Rows, rounded: Float32Array, at: number): void {
    const c = this.#byInput;
    const sums = new Float64Array(EXAMPLE_GROUPS);
    for (let row = 0; row < rows; row++) {
      let [e0, e1, e2, e3, e4, e5, e6, e7] = [0, 0, 0, 0, 0, 0, 0, 0];
      const start = row * columns;
      for (let b = 0, k = 0; b < columns; b++, k += EXAMPLE_GROUPS) {
        const difference = (rounded[start + b] as number) - (values[start + b] as number);
        const square = difference * difference;
        e0 += square * (c[k] as number);
        e1 += square * (c[k + 1] as number);
        e2 += square * (c[k + 2] as number);
        e3 += square * (c[k + 3] as number);
        e4 += square * (c[k + 4] as number);
        e5 += square * (c[k + 5] as number);
        e6 += square * (c[k + 6] as number);
        e7 += square * (c[k + 7] as number);
      }
      sums.set([e0, e1, e2, e3, e4, e5, e6, e7]);
      this.#weigh(sums, at + row);
    }
  }

  #weigh(sums: Float64Array, output: number): void {
    const products = this.#products;
    for (let g = 0; g < this.groups; g++) {
      const weight = this.marginals.byOutput[g * this.#outputs + output] ?? Number.NaN;
      for (let h = 0; h < this.groups; h++) {
        const pair = g * this.groups + h;
        products[pair] = (products[pair] as number) + weight * (sums[h] as number);
      }
    }
  }

  /** B, row by row: B[g,h] is number g·G + h of the G groups. */
  get products(): Float64Array {
    return this.#products;
  }
}

/** [groups, inputs] as [inputs, 8]. */
function sideBySide(byInput: Float64Array, groups: number): Float64Array {
  const inputs = byInput.length / groups;
  const result = new Float64Array(inputs * EXAMPLE_GROUPS);
  byInput.forEach((value, i) => {
    result[(i % inputs) * EXAMPLE_GROUPS + Math.floor(i / inputs)] = value;
  });
  return result;
}
