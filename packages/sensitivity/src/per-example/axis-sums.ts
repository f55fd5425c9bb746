import type { GraphBuilder, Value } from '@layersense/onnx-ir';
import { squaresAlong } from './example-rows.js';

/** Σ g² of the gradient g of a matrix [n₀, n₁], as it is stored, over either axis, per example. */
export interface AxisSums {
  /** By index of the first axis: [batch, n₀]. */
  readonly first: Value;
  /** By index of the second axis: [batch, n₁]. */
  readonly second: Value;
}

/** Of gradients [batch, n₀, n₁]. */
export function axisSums(g: GraphBuilder, gradient: Value): AxisSums {
  return { first: squaresAlong(g, gradient, -1), second: squaresOverRows(g, gradient) };
}

export function addAxisSums(g: GraphBuilder, a: AxisSums, b: AxisSums): AxisSums {
  return { first: g.add(a.first, b.first), second: g.add(a.second, b.second) };
}

/** Blocks of rows that are summed apart: ONNX Runtime computes no two rows of one block at a time. */
const MOST_BLOCKS = 32;

/**
 * Σₐ xₐᵦ² of every column, by blocks of rows and then over the blocks. At once it takes three times as
 * long on a processor, which has one thread for each example then, and loses more digits.
 */
function squaresOverRows(g: GraphBuilder, x: Value): Value {
  const [batch = 0, rows = 0, columns = 0] = x.shape;
  const blocks = largestDivisor(rows, MOST_BLOCKS);
  if (blocks === 1) return squaresAlong(g, x, -2);
  const inBlocks = g.reshape(x, [batch, blocks, rows / blocks, columns]);
  return g.reduceSum(squaresAlong(g, inBlocks, -2), [1]);
}

/** The largest divisor of `n` that is at most `most`. */
function largestDivisor(n: number, most: number): number {
  for (let divisor = Math.min(n, most); divisor > 1; divisor--) {
    if (n % divisor === 0) return divisor;
  }
  return 1;
}
