import { type GraphBuilder, int, type Value } from '@layersense/onnx-ir';
import type { VocabularyChunk } from './vocabulary-head.js';

/**
 * Of each row the columns with the given numbers, as far as they are in the chunk, and 0 for others:
 * [rows, chunk.size] and int64 [rows, n] → [rows, n]. Over all chunks of a vocabulary they add up.
 */
export function pickColumns(
  g: GraphBuilder,
  values: Value,
  columns: Value,
  { start, size }: VocabularyChunk,
): Value {
  const constant = (x: number) => g.constant({ dtype: 'int64', shape: [], data: [x] });
  const local = g.sub(columns, constant(start));
  const index = g.op('Min', [g.op('Max', [local, constant(0)]), constant(size - 1)]);
  const inside = g.cast(g.op('Equal', [local, index]), values.dtype);
  return g.mul(g.op('GatherElements', [values, index], { axis: int(1) }), inside);
}

/**
 * `x` itself, but known only once every one of `earlier` is, [rows, columns] each: ONNX Runtime would
 * otherwise compute all chunks and hold them for later.
 */
export function orderedAfter(g: GraphBuilder, x: Value, earlier: readonly Value[]): Value {
  const bounds = [
    [0, 0],
    [1, 1],
    [0, 1],
  ].map((each) => g.int64(each));
  const corners = earlier.map((value) => g.cast(g.op('Slice', [value, ...bounds]), x.dtype));
  const known = corners.reduce((sum, corner) => g.add(sum, corner));
  return g.add(x, g.mul(known, g.scalar(0, x.dtype)));
}
