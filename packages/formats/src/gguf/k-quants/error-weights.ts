/** What the error of a value weighs: |x|, or |x| + the root mean square of its sub-block. */
export type Weighting = 'magnitude' | 'magnitude and rms';

const f = Math.fround;

/** The weights of the errors of values[at … at + weights.length). */
export function errorWeights(
  values: Float32Array,
  at: number,
  weighting: Weighting,
  weights: Float32Array,
): void {
  const floor =
    weighting === 'magnitude' ? 0 : rootMeanSquare(values.subarray(at, at + weights.length));
  for (let i = 0; i < weights.length; i++) weights[i] = floor + Math.abs(values[at + i] ?? 0);
}

function rootMeanSquare(values: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) {
    const x = values[i] ?? 0;
    sum = f(sum + f(x * x));
  }
  return f(Math.sqrt(f(sum / values.length)));
}
