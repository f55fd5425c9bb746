/** Consecutive rows of a matrix, row-major. */
export interface Rows {
  readonly values: Float32Array;
  readonly rows: number;
  readonly columns: number;
}

/** Sums over each row of a matrix W, in float64. */
export interface WeightSums {
  /** Σ_b W_ab². */
  readonly squared: Float64Array;
  /** How many elements are not zero. */
  readonly nonZero: Float64Array;
}

/** Sums over each row of ΔW = Ŵ − W, in float64. */
export interface ErrorSums {
  /** Σ_b ΔW_ab². */
  readonly squared: Float64Array;
  /** How many elements of W are not zero and are zero in Ŵ. */
  readonly collapsed: Float64Array;
}

export function newWeightSums(rows: number): WeightSums {
  return { squared: new Float64Array(rows), nonZero: new Float64Array(rows) };
}

export function newErrorSums(rows: number): ErrorSums {
  return { squared: new Float64Array(rows), collapsed: new Float64Array(rows) };
}

/** Puts the sums of some rows into those of the matrix, from row `at` on. */
export function sumWeights({ values, rows, columns }: Rows, sums: WeightSums, at: number): void {
  for (let row = 0; row < rows; row++) {
    let [even, odd, nonZero] = [0, 0, 0];
    const last = (row + 1) * columns - 1;
    let i = row * columns;
    for (; i < last; i += 2) {
      const w = values[i] as number;
      const v = values[i + 1] as number;
      even += w * w;
      odd += v * v;
      nonZero += Number(w !== 0) + Number(v !== 0);
    }
    if (i === last) {
      const w = values[i] as number;
      even += w * w;
      nonZero += Number(w !== 0);
    }
    sums.squared[at + row] = even + odd;
    sums.nonZero[at + row] = nonZero;
  }
}

/**
 * Puts the sums of what a format makes of some rows into those of the matrix, from row `at` on. There is one
 * such pass for each format, so two sums do not wait for each other, and what is counted takes no branch.
 */
export function sumErrors(
  { values, rows, columns }: Rows,
  rounded: Float32Array,
  sums: ErrorSums,
  at: number,
): void {
  for (let row = 0; row < rows; row++) {
    let [even, odd, collapsed] = [0, 0, 0];
    const last = (row + 1) * columns - 1;
    let i = row * columns;
    for (; i < last; i += 2) {
      const w = values[i] as number;
      const v = values[i + 1] as number;
      const x = rounded[i] as number;
      const y = rounded[i + 1] as number;
      even += (x - w) * (x - w);
      odd += (y - v) * (y - v);
      collapsed += Number(x === 0) & Number(w !== 0);
      collapsed += Number(y === 0) & Number(v !== 0);
    }
    if (i === last) {
      const w = values[i] as number;
      const x = rounded[i] as number;
      even += (x - w) * (x - w);
      collapsed += Number(x === 0) & Number(w !== 0);
    }
    sums.squared[at + row] = even + odd;
    sums.collapsed[at + row] = collapsed;
  }
}
