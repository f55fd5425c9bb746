import { type GraphBuilder, int, type Value } from '@layersense/onnx-ir';
import type { AxisSums } from './axis-sums.js';
import { sumAll } from './example-rows.js';
import type { Factors } from './factors.js';
import type { GramTerm } from './gram-terms.js';

/** What a lookup adds to the sums over rows of a table, by where it looks. */
interface TokenSums {
  /** int32 [batch, T]. */
  readonly tokens: Value;
  /** [batch, T]. */
  readonly sums: Value;
}

type Factored = Omit<GramTerm, 'u' | 'v'> & { readonly u: Factors; readonly v: Factors };

/**
 * Σ g² over either axis of g = Σᵤ AᵤᵀBᵤ, from the Gram matrices that make ‖g‖²:
 *
 *     Σₐ gₐᵦ² = Σᵤᵥ Σₜ (AᵤAᵥᵀBᵥ)ₜᵦ (Bᵤ)ₜᵦ        Σᵦ gₐᵦ² = Σᵤᵥ Σₜ (BᵤBᵥᵀAᵥ)ₜₐ (Aᵤ)ₜₐ
 *
 * Where A is that of a lookup, the second is a sum over the row of each token: of
 * Σₛ (AᵤAᵥᵀ)ₛₜ (BᵤBᵥᵀ)ₛₜ, which is in the norm as it is.
 *
 * @param ofHeads what heads computed in chunks add to the sums by the first axis, [batch, n₀] each
 */
export function gramMarginals(
  g: GraphBuilder,
  [rows = 0]: readonly number[],
  terms: readonly GramTerm[],
  ofHeads: readonly Value[] = [],
): AxisSums {
  const factored = terms.map((term): Factored => ({ ...term, u: term.u(), v: term.v() }));
  const second = factored.map(({ u, v, firstGram, isSquare }) =>
    counted(g, weightedSum(g, u.second, firstGram, v.second), isSquare),
  );
  const dense = factored.flatMap(({ u, v, secondGram, isSquare }) =>
    u.first && v.first ? [counted(g, weightedSum(g, u.first, secondGram, v.first), isSquare)] : [],
  );
  const lookups = factored.flatMap((term) => tokenSums(g, term));
  return {
    first: byRow(g, rows, [...dense, ...ofHeads], lookups),
    second: sumAll(g, second),
  };
}

/** Σₜ (M y)ₜ ⊙ xₜ: x [B, T, n], M [B, T, S], y [B, S, n] → [B, n]. */
export function weightedSum(g: GraphBuilder, x: Value, m: Value, y: Value): Value {
  return g.reduceSum(g.mul(x, g.matMul(m, y)), [1]);
}

/** Twice what two different uses make, for each stands in ‖Σᵤ Gᵤ‖² in both orders. */
function counted(g: GraphBuilder, value: Value, isSquare: boolean): Value {
  return isSquare ? value : g.mul(value, g.scalar(2, value.dtype));
}

function tokenSums(g: GraphBuilder, { u, v, product, isSquare }: Factored): readonly TokenSums[] {
  if (!v.tokens) return [];
  const ofV = { tokens: v.tokens, sums: g.reduceSum(product, [1]) };
  if (isSquare) return [ofV];
  if (!u.tokens) return [{ ...ofV, sums: counted(g, ofV.sums, isSquare) }];
  return [{ tokens: u.tokens, sums: g.reduceSum(product, [2]) }, ofV];
}

/** The sums by row of W: those over all rows, and those of lookups where their tokens are. */
function byRow(
  g: GraphBuilder,
  rows: number,
  dense: readonly Value[],
  lookups: readonly TokenSums[],
): Value {
  const base = dense.length > 0 ? sumAll(g, dense) : undefined;
  if (lookups.length === 0 && base) return base;
  const byTokens = new Map<Value, Value>();
  for (const { tokens, sums } of lookups) {
    const before = byTokens.get(tokens);
    byTokens.set(tokens, before ? g.add(before, sums) : sums);
  }
  const tokens = joined(g, [...byTokens.keys()]);
  const sums = joined(g, [...byTokens.values()]);
  const totals = totalsByToken(g, tokens, sums);
  const axis = { axis: int(1) };
  const updates = base ? g.add(totals, g.op('GatherElements', [base, tokens], axis)) : totals;
  const zeros = () =>
    g.op('Expand', [g.scalar(0, sums.dtype), g.int64([tokens.shape[0] ?? 0, rows])]);
  return g.op('ScatterElements', [base ?? zeros(), tokens, updates], axis);
}

/**
 * At every place of a token what all its places add up to: [batch, T]. It does not matter then which
 * of them is written last.
 */
function totalsByToken(g: GraphBuilder, tokens: Value, sums: Value): Value {
  const [batch = 0, length = 0] = tokens.shape;
  const column = g.reshape(tokens, [batch, length, 1]);
  const row = g.reshape(tokens, [batch, 1, length]);
  const equal = g.cast(g.op('Equal', [column, row]), sums.dtype);
  return g.reshape(g.matMul(equal, g.reshape(sums, [batch, length, 1])), [batch, length]);
}

function joined(g: GraphBuilder, values: readonly Value[]): Value {
  const [only, ...others] = values;
  return only && others.length === 0 ? only : g.op('Concat', values, { axis: int(1) });
}
