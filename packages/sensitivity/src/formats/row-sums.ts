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
    let [squared, nonZero] = [0, 0];
    const end = (row + 1) * columns;
    for (let i = row * columns; i < end; i++) {
      const value = values[i] as number;
      squared += value * value;
      if (value !== 0) nonZero++;
    }
    sums.squared[at + row] = squared;
    sums.nonZero[at + row] = nonZero;
  }
}

/**
 * Puts the sums of what a format makes of some rows into those of the matrix, from row `at` on. Two
 * sums that do not wait for each other, for there is one such pass for each format.
 */
export function sumErrors(
  { values, rows, columns }: Rows,
  rounded: Float32Array,
  sums: ErrorSums,
  at: number,
): void {
  for (let row = 0; row < rows; row++) {
    let [even, odd, collapsed] = [0, 0, 0];
    const end = (row + 1) * columns;
    let i = row * columns;
    for (; i + 1 < end; i += 2) {
      const [w, v] = [values[i] as number, values[i + 1] as number];
      const [x, y] = [rounded[i] as number, rounded[i + 1] as number];
      even += (x - w) * (x - w);
      odd += (y - v) * (y - v);
      if (x === 0 && w !== 0) collapsed++;
      if (y === 0 && v !== 0) collapsed++;
    }
    if (i < end) {
      const [w, x] = [values[i] as number, rounded[i] as number];
      even += (x - w) * (x - w);
      if (x === 0 && w !== 0) collapsed++;
    }
    sums.squared[at + row] = even + odd;
    sums.collapsed[at + row] = collapsed;
  }
}
