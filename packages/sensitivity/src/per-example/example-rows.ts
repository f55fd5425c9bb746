import { elementCount, type GraphBuilder, int, type Value } from '@layersense/onnx-ir';

/**
 * A batch of per-example matrices: reads any value whose leading axis is (or starts with) the
 * batch as [batch, rows, width], the last axis being the one a parameter acts along.
 */
export function exampleRows(g: GraphBuilder, value: Value, batch: number): Value {
  const width = value.shape.at(-1) ?? 1;
  return g.reshape(value, [batch, elementCount(value.shape) / (batch * width), width]);
}

/** Pairwise inner products of an example's rows: x [B, S, K], y [B, T, K] → [B, S, T]. */
export function gram(g: GraphBuilder, x: Value, y: Value): Value {
  return g.matMul(x, g.swapLast(y));
}

/** Σ x² over all but the batch: [batch]. */
export function sumOfSquares(g: GraphBuilder, x: Value): Value {
  return sumTrailing(g, squaresAlong(g, x, -1));
}

/** Σ x² along one axis. */
export function squaresAlong(g: GraphBuilder, x: Value, axis: number): Value {
  return g.op('ReduceSumSquare', [x, g.int64([axis])], { keepdims: int(0) });
}

/**
 * Sums one axis after the other, last first, down to [batch]. A float32 sum loses digits as it
 * grows: over all 768,000 squares of a 4000 × 192 gradient at once it is off by 4e-4, axis by axis
 * by 1e-7.
 */
export function sumTrailing(g: GraphBuilder, x: Value): Value {
  return x.shape.length === 1 ? x : sumTrailing(g, g.reduceSum(x, [-1]));
}

export function sumAll(g: GraphBuilder, values: readonly Value[]): Value {
  return values.reduce((sum, value) => g.add(sum, value));
}
