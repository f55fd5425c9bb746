/** ‖a − b‖². @throws Error where there is nothing to compare, or the lists have not the same length */
export function squaredError(left: Float32Array, right: Float32Array): number {
  if (left.length !== right.length || left.length === 0) {
    throw new Error(`${left.length} values cannot be compared with ${right.length}`);
  }
  return left.reduce((sum, value, i) => sum + (value - (right[i] ?? 0)) ** 2, 0);
}
