import { int, type Value } from '@layersense/onnx-ir';
import type { Forward } from '../forward.js';
import type { AttentionMask, MaskedBlock, Range } from './causal-masks.js';
import { type RotaryTables, rotate } from './rotary.js';
import { softCap } from './soft-cap.js';

export interface Heads {
  readonly query: number;
  readonly keyValue: number;
  readonly dim: number;
}

export interface AttentionOptions {
  /** One of `causalMasks`, or an encoder's `paddingMask`. */
  readonly mask: AttentionMask;
  /** The rotary tables; absent where positions are embedded instead of rotated. */
  readonly rotary?: RotaryTables;
  /** What scores are multiplied by; 1/√dim by default. */
  readonly scale?: number;
  /** The bound that scores are softly held to before they are masked. */
  readonly scoreCap?: number | null | undefined;
}

/**
 * Attention with grouped key-value heads (Ainslie et al. 2023).
 * q [rows, query·dim], k and v [rows, keyValue·dim] → [rows, query·dim].
 *
 * The queries that share a key head are laid out as extra rows of one matrix, so keys and values
 * are never repeated. Padding is on the right, hence a causal mask already hides it. Queries go block
 * by block through keys that their mask does not hide altogether.
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
  const keys = g.swapLast(positioned(splitHeads(f, k, heads)));
  const values = splitHeads(f, v, heads);

  const blocks = splitQueries(f, queries, mask);
  const mixed = blocks.map(([block, { keys: visible, mask: added }]) =>
    attend(
      f,
      [block, positionsOf(f, keys, visible, 3), positionsOf(f, values, visible, 2)],
      (scores) => g.add(softCap(f, scores, scoreCap), added),
    ),
  );
  const [all] = mixed;
  const joined = all && mixed.length === 1 ? all : g.op('Concat', mixed, { axis: int(2) });
  return g.reshape(g.transpose(joined, [0, 2, 1, 3]), [batch * length, heads.query * dim]);
}

/**
 * q [batch, keyValue, group, queries, dim], k [batch, keyValue, dim, keys], v [batch, keyValue, keys, dim]
 *   → [batch, keyValue·group, queries, dim].
 */
function attend(
  { g }: Forward,
  [q, k, v]: readonly [q: Value, k: Value, v: Value],
  masked: (scores: Value) => Value,
): Value {
  const [batch = 0, keyValue = 0, group = 0, queries = 0, dim = 0] = q.shape;
  const keys = v.shape[2] ?? 0;
  const rows = g.reshape(q, [batch, keyValue, group * queries, dim]);
  const scores = g.reshape(g.matMul(rows, k), [batch, keyValue * group, queries, keys]);
  const weights = g.op('Softmax', [masked(scores)], { axis: int(-1) });
  const mixed = g.matMul(g.reshape(weights, [batch, keyValue, group * queries, keys]), v);
  return g.reshape(mixed, [batch, keyValue * group, queries, dim]);
}

/** The blocks of a mask, each with its queries, of [batch, keyValue, group, length, dim]. */
function splitQueries(
  { g }: Forward,
  queries: Value,
  mask: AttentionMask,
): readonly (readonly [Value, MaskedBlock])[] {
  const sizes = mask.map(({ queries: { from, to } }) => to - from);
  const parts =
    mask.length === 1
      ? [queries]
      : g.ops('Split', [queries, g.int64(sizes)], { axis: int(3) }, { outputs: mask.length });
  return mask.flatMap((block, i) => {
    const part = parts[i];
    return part ? [[part, block] as const] : [];
  });
}

/** Some positions of a value that has all of them along `axis`. */
function positionsOf({ g, shape }: Forward, x: Value, { from, to }: Range, axis: number): Value {
  if (from === 0 && to === shape.length) return x;
  return g.op('Slice', [x, g.int64([from]), g.int64([to]), g.int64([axis])]);
}

/** [rows, heads·dim] → [batch, heads, length, dim]. */
function splitHeads(f: Forward, x: Value, { keyValue, dim }: Heads): Value {
  const { batch, length } = f.shape;
  return f.g.transpose(f.g.reshape(x, [batch, length, keyValue, dim]), [0, 2, 1, 3]);
}
