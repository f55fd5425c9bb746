import { int, type Value } from '@layersense/onnx-ir';
import type { Forward } from '../forward.js';
import { type RotaryTables, rotate } from './rotary.js';

export interface Heads {
  readonly query: number;
  readonly keyValue: number;
  readonly dim: number;
}

/**
 * Causal attention with grouped key-value heads (Ainslie et al. 2023).
 * q [rows, query·dim], k and v [rows, keyValue·dim] → [rows, query·dim].
 *
 * The queries that share a key head are laid out as extra rows of one matrix, so keys and values
 * are never repeated. Padding is on the right, hence the causal mask already hides it.
 */
export function causalAttention(
  f: Forward,
  q: Value,
  k: Value,
  v: Value,
  heads: Heads,
  rotary: RotaryTables,
  mask: Value,
): Value {
  const { g } = f;
  const { batch, length } = f.shape;
  const { keyValue, dim } = heads;
  const group = heads.query / keyValue;

  const scaled = g.mul(q, f.scalar(1 / Math.sqrt(dim)));
  const queries = rotate(
    f,
    g.transpose(g.reshape(scaled, [batch, length, keyValue, group, dim]), [0, 2, 3, 1, 4]),
    rotary,
  );
  const keys = rotate(f, splitHeads(f, k, heads), rotary);
  const values = splitHeads(f, v, heads);

  const flatQueries = g.reshape(queries, [batch, keyValue, group * length, dim]);
  const scores = g.reshape(g.matMul(flatQueries, g.swapLast(keys)), [
    batch,
    keyValue * group,
    length,
    length,
  ]);
  const weights = g.op('Softmax', [g.add(scores, mask)], { axis: int(-1) });
  const mixed = g.matMul(g.reshape(weights, [batch, keyValue, group * length, length]), values);
  const merged = g.transpose(
    g.reshape(mixed, [batch, keyValue * group, length, dim]),
    [0, 2, 1, 3],
  );
  return g.reshape(merged, [batch * length, heads.query * dim]);
}

/** [rows, heads·dim] → [batch, heads, length, dim]. */
function splitHeads(f: Forward, x: Value, { keyValue, dim }: Heads): Value {
  const { batch, length } = f.shape;
  return f.g.transpose(f.g.reshape(x, [batch, length, keyValue, dim]), [0, 2, 1, 3]);
}

/** 0 where a position may look, −1e30 where it may not: exp() of the latter is exactly zero. */
export function causalMask(f: Forward): Value {
  const { length } = f.shape;
  const data = Array.from({ length: length * length }, (_, i) =>
    i % length > Math.floor(i / length) ? -1e30 : 0,
  );
  return f.constant([length, length], data);
}
