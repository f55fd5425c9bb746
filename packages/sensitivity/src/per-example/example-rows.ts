import { elementCount, type GraphBuilder, type Value } from '@layersense/onnx-ir';

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

/** Σ over all but the batch of a ⊙ b: [batch]. The reduced axes are made one contiguous axis. */
export function innerProduct(g: GraphBuilder, a: Value, b: Value): Value {
  const [batch = 0] = a.shape;
  const product = g.mul(a, b);
  return g.reduceSum(g.reshape(product, [batch, elementCount(product.shape) / batch]), [1]);
}

/** Σ x² over all but the batch: [batch]. */
export function sumOfSquares(g: GraphBuilder, x: Value): Value {
  const [batch = 0] = x.shape;
  const flat = g.reshape(x, [batch, elementCount(x.shape) / batch]);
  return g.op('ReduceSumSquare', [flat, g.int64([1])], { keepdims: { type: 'int', value: 0 } });
}
