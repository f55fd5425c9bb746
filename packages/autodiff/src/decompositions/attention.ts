import { type ElementType, type GraphBuilder, int, type Value } from '@layersense/onnx-ir';
import { pad } from '../rules/place-along-axis.js';

/** Queries [batch, heads, length, dim]; keys and values [batch, key heads, total, their dim]. */
export interface AttentionOperands {
  readonly queries: Value;
  readonly keys: Value;
  readonly values: Value;
}

export interface AttentionOptions {
  /** What scores are multiplied by. */
  readonly scale: number;
  /** The bound c that scores are softly held to before the bias is added; 0 stands for none. */
  readonly softcap?: number;
  /** What is added to the scores; it broadcasts to [batch, heads, length, total]. */
  readonly bias?: Value | undefined;
  /** One score per head, [heads], of a key without a value; `'zero'` where all of them are 0. */
  readonly sink?: Value | 'zero' | undefined;
}

/**
 * softmax(c·tanh(Q·Kᵀ·scale/c) + bias)·V, as [batch, heads, length, value dim].
 *
 * The queries that share a key head are laid out as extra rows of one matrix, so keys and values
 * are never repeated. Masks are biases: what they hide has the probability 0, which stops its
 * cotangent too, and adding them costs the backward pass nothing.
 */
export function attend(
  g: GraphBuilder,
  { queries, keys, values }: AttentionOperands,
  { scale, softcap = 0, bias, sink }: AttentionOptions,
): Value {
  if (sink) {
    // One more key of zeros, of which the bias makes the sink's score.
    const operands = { queries, keys: oneMore(g, keys, 2), values: oneMore(g, values, 2) };
    return attend(g, operands, { scale, softcap, bias: withSink(g, keys, bias, sink) });
  }
  const [batch = 0, heads = 0, length = 0] = queries.shape;
  const [, keyHeads = 0, total = 0] = keys.shape;
  const rows = (heads / keyHeads) * length;
  const grouped = (x: Value) => g.reshape(x, [batch, keyHeads, rows, x.shape.at(-1) ?? 0]);
  const scaled = g.mul(queries, g.scalar(softcap ? scale / softcap : scale, queries.dtype));
  const products = g.matMul(grouped(scaled), g.swapLast(keys));
  const scores = g.reshape(products, [batch, heads, length, total]);
  const capped = softcap ? g.mul(g.op('Tanh', [scores]), g.scalar(softcap, scores.dtype)) : scores;
  const weights = g.op('Softmax', [bias ? g.add(capped, bias) : capped], { axis: int(-1) });
  const mixed = g.matMul(grouped(weights), values);
  return g.reshape(mixed, [batch, heads, length, values.shape.at(-1) ?? 0]);
}

/** `x` with zeros at the end of an axis. */
function oneMore(g: GraphBuilder, x: Value, axis: number): Value {
  return pad(g, x, [axis], [0], [1]);
}

function withSink(
  g: GraphBuilder,
  keys: Value,
  bias: Value | undefined,
  sink: Value | 'zero',
): Value | undefined {
  const padded = bias ? oneMore(g, bias, bias.shape.length - 1) : undefined;
  if (sink === 'zero') return padded;
  const column = g.reshape(sink, [1, sink.shape[0] ?? 0, 1, 1]);
  const row = pad(g, column, [3], [keys.shape[2] ?? 0], [0]);
  return addBias(g, padded, row);
}

/** The sum of those that are there. */
export function addBias(g: GraphBuilder, a: Value | undefined, b: Value | undefined) {
  return a && b ? g.add(a, b) : (a ?? b);
}

/** The bias of a score that must not count: finite, so that a row without any key is not NaN. */
export function hidden(g: GraphBuilder, dtype: ElementType): Value {
  return g.scalar(dtype === 'float16' ? -65504 : -3.4028234663852886e38, dtype);
}

/**
 * A bias [length, total] that hides the keys after each query and, of those before it, all but the
 * last `window`. Query i is at position i + `offset`.
 */
export function causalBias(
  g: GraphBuilder,
  dtype: ElementType,
  [length, total]: readonly [length: number, total: number],
  { offset, window = -1 }: { readonly offset: number; readonly window?: number },
): Value {
  const all = g.op('Expand', [hidden(g, dtype), g.int64([length, total])]);
  const triangle = (diagonal: number, upper: 0 | 1) =>
    g.op('Trilu', [all, g.scalar(diagonal, 'int64')], { upper: int(upper) });
  const future = triangle(offset + 1, 1);
  return window > 0 && window < total ? g.add(future, triangle(offset - window, 0)) : future;
}

/**
 * bool [batch, 1, 1 or length, total]: whether a key is among the first `counts` ones.
 * @param counts integers [batch, 1, 1 or length, 1].
 */
export function keysBefore(g: GraphBuilder, counts: Value, total: number): Value {
  const data = Array.from({ length: total }, (_, i) => i);
  return g.op('Less', [g.constant({ dtype: counts.dtype, shape: [total], data }), counts]);
}

/** One number per example, shaped to broadcast to scores. */
export function perExample(g: GraphBuilder, x: Value): Value {
  return g.reshape(x, [x.shape[0] ?? 0, 1, 1, 1]);
}

/** 0 where `kept`, else `filter`, which hides a score by default. */
export function hideWhereNot(
  g: GraphBuilder,
  kept: Value,
  dtype: ElementType,
  filter: Value = hidden(g, dtype),
): Value {
  return g.op('Where', [kept, g.scalar(0, dtype), filter]);
}

/** [batch, length, heads · dim] → [batch, heads, length, dim]. */
export function splitHeads(g: GraphBuilder, x: Value, heads: number): Value {
  const [batch = 0, length = 0, width = 0] = x.shape;
  return g.transpose(g.reshape(x, [batch, length, heads, width / heads]), [0, 2, 1, 3]);
}

/** [batch, heads, length, dim] → [batch, length, heads · dim]. */
export function mergeHeads(g: GraphBuilder, x: Value): Value {
  const [batch = 0, heads = 0, length = 0, dim = 0] = x.shape;
  return g.reshape(g.transpose(x, [0, 2, 1, 3]), [batch, length, heads * dim]);
}

/** `fresh` keys or values after those of the past, along the sequence axis. */
export function appendPast(g: GraphBuilder, past: Value | undefined, fresh: Value): Value {
  return past?.shape[2] ? g.op('Concat', [past, fresh], { axis: int(2) }) : fresh;
}
