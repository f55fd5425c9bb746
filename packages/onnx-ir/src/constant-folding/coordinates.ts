import { elementCount } from '../graph/graph.js';

/** Elements between neighbours along each axis of a row-major tensor. */
export function stridesOf(shape: readonly number[]): readonly number[] {
  return shape.map((_, axis) => elementCount(shape.slice(axis + 1)));
}

/** `visit(coordinates)` for every element of `shape`, row-major; the array is reused. */
export function mapCoordinates(
  shape: readonly number[],
  visit: (coordinates: readonly number[]) => number,
): number[] {
  const at = shape.map(() => 0);
  const result: number[] = [];
  for (let remaining = elementCount(shape); remaining > 0; remaining--) {
    result.push(visit(at));
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const next = (at[axis] ?? 0) + 1;
      at[axis] = next === shape[axis] ? 0 : next;
      if (next !== shape[axis]) break;
    }
  }
  return result;
}

/** The position, in a tensor of `shape`, of the element that broadcasts to `coordinates`. */
export function broadcastOffset(
  shape: readonly number[],
  strides: readonly number[],
  coordinates: readonly number[],
): number {
  const lead = coordinates.length - shape.length;
  return shape.reduce(
    (offset, size, axis) =>
      size === 1 ? offset : offset + (coordinates[axis + lead] ?? 0) * (strides[axis] ?? 0),
    0,
  );
}
