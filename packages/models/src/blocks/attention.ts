import { int, type Value } from '@layersense/onnx-ir';
import type { Forward } from '../forward.js';
import { type RotaryTables, rotate } from './rotary.js';
import { softCap } from './soft-cap.js';

export interface Heads {
  readonly query: number;
  readonly keyValue: number;
  readonly dim: number;
}

export interface AttentionOptions {
  /** Added to the scores: one of `causalMasks`, or an encoder's `paddingMask`. */
  readonly mask: Value;
  /** Absent where positions are embedded instead of rotated. */
  readonly rotary?: RotaryTables;
  /** What scores are multiplied by; 1/√dim by default. */
  readonly scale?: number;
  /** Bounds scores softly before they are masked. */
  readonly scoreCap?: number | null | undefined;
}

/**
 * Attention with grouped key-value heads (Ainslie et al. 2023).
 * q [rows, query·dim], k and v [rows, keyValue·dim] → [rows, query·dim].
 *
 * The queries that share a key head are laid out as extra rows of one matrix, so keys and values
 * are never repeated. Padding is on the right, hence a causal mask already hides it.
 */
export function groupedAttention(
  f: Forward,
  [q, k, v]: readonly [q: Value, k: Value, v: Value],
  heads: Heads,
  { mask, rotary, scale = 1 / Math.sqrt(heads.dim), scoreCap }: AttentionOptions,
): Value {
  const { g } = f;
  const { batch, length } = f.shape;
  const { keyValue, dim } = heads;
  const group = heads.query / keyValue;
  const positioned = (x: Value) => (rotary ? rotate(f, x, rotary) : x);

  const scaled = g.mul(q, f.scalar(scale));
  const queries = positioned(
    g.transpose(g.reshape(scaled, [batch, length, keyValue, group, dim]), [0, 2, 3, 1, 4]),
  );
  const keys = positioned(splitHeads(f, k, heads));
  const values = splitHeads(f, v, heads);

  const flatQueries = g.reshape(queries, [batch, keyValue, group * length, dim]);
  const scores = g.reshape(g.matMul(flatQueries, g.swapLast(keys)), [
    batch,
    keyValue * group,
    length,
    length,
  ]);
  const masked = g.add(softCap(f, scores, scoreCap), mask);
  const weights = g.op('Softmax', [masked], { axis: int(-1) });
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
