import type { Rows } from './row-sums.js';

/** How many groups of examples the marginals of a run are kept for, at most. */
export const MARGINAL_GROUPS = 8;

/** Marginals of the squared gradient of a matrix: float64 sums over the examples of each group. */
export interface GroupMarginals {
  /** r_g: by group, a number for each output. */
  readonly byOutput: readonly Float64Array[];
  /** c_g: by group, a number for each input. */
  readonly byInput: readonly Float64Array[];
}

/**
 * B[g,h] = r_gᵀ (ΔW ∘ ΔW) c_h over all pairs of groups, from the rows of W and of what a format makes
 * of them: a row's Σ_b c_h,b ΔW_ab² is made for all groups at once, eight multiply-adds a weight, and then
 * weighed by each group's r_g,a.
 */
export class GroupProducts {
  readonly #groups: number;
  /** By input, the numbers of all groups side by side; 0 for groups that the run does not have. */
  readonly #byInput: Float64Array;
  readonly #products: Float64Array;

  /** @throws RangeError for more than eight groups, or unlike numbers of them */
  constructor(private readonly marginals: GroupMarginals) {
    const { byOutput, byInput } = marginals;
    this.#groups = byOutput.length;
    if (this.#groups !== byInput.length || this.#groups > MARGINAL_GROUPS) {
      throw new RangeError(`${byOutput.length} and ${byInput.length} groups of marginals`);
    }
    const [inputs = 0] = byInput.map(({ length }) => length);
    this.#byInput = new Float64Array(inputs * MARGINAL_GROUPS);
    byInput.forEach((values, group) => {
      values.forEach((value, input) => {
        this.#byInput[input * MARGINAL_GROUPS + group] = value;
      });
    });
    this.#products = new Float64Array(this.#groups ** 2);
  }

  /** @param at the number of the first of the rows among the outputs */
  add({ values, rows, columns }: Rows, rounded: Float32Array, at: number): void {
    const c = this.#byInput;
    const sums = new Float64Array(MARGINAL_GROUPS);
    for (let row = 0; row < rows; row++) {
      let [e0, e1, e2, e3, e4, e5, e6, e7] = [0, 0, 0, 0, 0, 0, 0, 0];
      const start = row * columns;
      for (let b = 0, k = 0; b < columns; b++, k += MARGINAL_GROUPS) {
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
    this.marginals.byOutput.forEach((byOutput, g) => {
      const weight = byOutput[output] ?? Number.NaN;
      for (let h = 0; h < this.#groups; h++) {
        const pair = g * this.#groups + h;
        products[pair] = (products[pair] as number) + weight * (sums[h] as number);
      }
    });
  }

  /** B, row by row: B[g,h] is number g·G + h of the G groups. */
  get products(): Float64Array {
    return this.#products;
  }
}
