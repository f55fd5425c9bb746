import { type GraphBuilder, int, type Value } from '@layersense/onnx-ir';

/**
 * The adjoint of taking the distinct `positions` of an axis of length `size`: entry k of `dy` goes
 * to `positions[k]`, zeros go elsewhere. A run of neighbours is one `Pad`, a permutation one
 * `Gather` by its inverse; anything else gathers the zeros from a row appended to `dy`.
 */
export function placeAlongAxis(
  g: GraphBuilder,
  dy: Value,
  axis: number,
  size: number,
  positions: readonly number[],
): Value {
  const [start = 0] = positions;
  if (positions.every((position, k) => position === start + k)) {
    return pad(g, dy, [axis], [start], [size - start - positions.length]);
  }
  const source = new Array<number>(size).fill(positions.length);
  positions.forEach((position, k) => {
    source[position] = k;
  });
  const complete = positions.length === size;
  const padded = complete ? dy : pad(g, dy, [axis], [0], [1]);
  return g.op('Gather', [padded, g.int64(source)], { axis: int(axis) });
}

/** Zeros before and after `x` along `axes`; `x` itself where there are none. */
export function pad(
  g: GraphBuilder,
  x: Value,
  axes: readonly number[],
  before: readonly number[],
  after: readonly number[],
): Value {
  if ([...before, ...after].every((count) => count === 0)) return x;
  const all = x.shape.map((_, axis) => axes.indexOf(axis));
  const pads = [...all.map((i) => before[i] ?? 0), ...all.map((i) => after[i] ?? 0)];
  return g.op('Pad', [x, g.int64(pads)]);
}
