import { ShapeMismatch } from './inference-rule.js';

/** NumPy broadcasting of two shapes. */
export function broadcastShapes(a: readonly number[], b: readonly number[]): readonly number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const x = a[i - rank + a.length] ?? 1;
    const y = b[i - rank + b.length] ?? 1;
    if (x !== y && x !== 1 && y !== 1) {
      throw new ShapeMismatch(`cannot broadcast [${a}] with [${b}]`);
    }
    return x === 1 ? y : x;
  });
}

/** `axis` counted from the front; negative axes count from the back, as in ONNX. */
export function normalizeAxis(axis: number, rank: number): number {
  const normalized = axis < 0 ? axis + rank : axis;
  if (normalized < 0 || normalized >= Math.max(rank, 1)) {
    throw new ShapeMismatch(`axis ${axis} of a tensor of rank ${rank}`);
  }
  return normalized;
}
