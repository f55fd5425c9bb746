import { LayersenseError } from '@layersense/contracts';
import { int, type Value } from '@layersense/onnx-ir';
import { exampleRows, gram, sumTrailing } from './example-rows.js';
import { exampleTokens, type Factors, linearFactor } from './factors.js';
import type {
  HeadUse,
  LinearUse,
  LookupUse,
  MatrixUse,
  StatisticContext,
} from './statistic-context.js';

/**
 * ⟨Gᵤ, Gᵥ⟩ = Σₜₛ (AᵤAᵥᵀ)ₜₛ (BᵤBᵥᵀ)ₜₛ of two uses of a matrix, A and B being their {@link Factors}. Of a
 * projection and a lookup, u is the projection.
 */
export interface GramTerm extends GramProduct {
  readonly u: () => Factors;
  readonly v: () => Factors;
  /** Whether both are one use: ⟨Gᵤ, Gᵥ⟩ is in ‖Σᵤ Gᵤ‖² once then, and twice otherwise. */
  readonly isSquare: boolean;
  /** The sum of `product`, ⟨Gᵤ, Gᵥ⟩: [batch]. */
  readonly innerProduct: Value;
}

export interface GramProduct {
  /** AᵤAᵥᵀ: [batch, Tᵤ, Tᵥ]. */
  readonly firstGram: Value;
  /** BᵤBᵥᵀ: [batch, Tᵤ, Tᵥ]. */
  readonly secondGram: Value;
  /** The elementwise product of the two. */
  readonly product: Value;
}

/** A use with its factors, made when they are first asked for. */
export interface FactoredUse {
  readonly use: MatrixUse;
  readonly factors: () => Factors;
}

/**
 * ⟨Gᵤ, Gᵥ⟩ per example without either gradient, with δ, x of u and δ′, x′ of v:
 * - linear, linear: Σₜₛ (xₜ·x′ₛ)(δₜ·δ′ₛ)
 * - embedding, embedding: Σ δₜ·δ′ₛ over t, s with equal tokens
 * - linear, embedding, in either order: Σₜₛ δₜ[token′ₛ] (xₜ·δ′ₛ), W being [tokens, width] in both
 */
export function gramTerm(
  context: StatisticContext,
  one: FactoredUse,
  other: FactoredUse,
): GramTerm {
  const isLookupFirst = one.use.kind === 'embedding' && other.use.kind !== 'embedding';
  const [u, v] = isLookupFirst ? [other, one] : [one, other];
  const grams = gramProduct(context, u.use, v.use);
  return {
    ...grams,
    u: u.factors,
    v: v.factors,
    isSquare: u === v,
    innerProduct: sumTrailing(context.g, grams.product),
  };
}

function gramProduct(context: StatisticContext, u: MatrixUse, v: MatrixUse): GramProduct {
  const { g } = context;
  if (u.kind === 'linear' && v.kind === 'linear') return linearProduct(context, u, v);
  if (u.kind === 'head' && v.kind === 'head') {
    const secondGram = u.inputGram ?? rowGram(context, u.x, v.x);
    return { firstGram: u.deltaGram, secondGram, product: g.mul(secondGram, u.deltaGram) };
  }
  if (v.kind === 'embedding') {
    const [firstGram, secondGram] =
      u.kind === 'embedding'
        ? [equalTokens(context, u, v), rowGram(context, ...cotangents(context, u, v))]
        : lookupGrams(context, u, v);
    return { firstGram, secondGram, product: g.mul(firstGram, secondGram) };
  }
  throw unsupported();
}

function linearProduct(context: StatisticContext, u: LinearUse, v: LinearUse): GramProduct {
  const gramOf = (axis: 0 | 1) =>
    rowGram(context, linearFactor(context, u, axis), linearFactor(context, v, axis));
  const inputs = u.transposed ? 1 : 0;
  const [ofInputs, ofCotangents] = [gramOf(inputs), gramOf(inputs === 1 ? 0 : 1)];
  const product = context.g.mul(ofInputs, ofCotangents);
  return u.transposed
    ? { firstGram: ofCotangents, secondGram: ofInputs, product }
    : { firstGram: ofInputs, secondGram: ofCotangents, product };
}

/** δ′ₛ[tokenₜ] and x′ₛ·δₜ: [batch, S, T]. */
function lookupGrams(
  { g, batch, cotangentOf }: StatisticContext,
  projection: LinearUse | HeadUse,
  lookup: LookupUse,
): readonly [firstGram: Value, secondGram: Value] {
  const rowCotangents = exampleRows(g, cotangentOf(lookup.output), batch);
  if (projection.kind === 'head') {
    const atTokens = projection.atTokens.get(lookup.tokens.name);
    if (!atTokens) throw new TypeError(`the head was not told of the tokens ${lookup.tokens.name}`);
    return [atTokens, gram(g, exampleRows(g, projection.x, batch), rowCotangents)];
  }
  if (!projection.transposed) throw unsupported();
  const cotangents = exampleRows(g, cotangentOf(projection.output), batch);
  const inputs = exampleRows(g, projection.x, batch);
  const [, positions = 0] = cotangents.shape;
  const [, lookups = 0] = rowCotangents.shape;
  const tokens = g.op('Expand', [
    g.reshape(exampleTokens({ g, batch }, lookup), [batch, 1, lookups]),
    g.int64([batch, positions, lookups]),
  ]);
  const atTokens = g.op('GatherElements', [cotangents, tokens], { axis: int(2) });
  return [atTokens, gram(g, inputs, rowCotangents)];
}

/** 1 where two lookups read the same row of the table: [batch, T, T]. */
function equalTokens(context: StatisticContext, u: LookupUse, v: LookupUse): Value {
  const { g, batch, cotangentOf } = context;
  const column = g.reshape(exampleTokens(context, u), [batch, -1, 1]);
  const row = g.reshape(exampleTokens(context, v), [batch, 1, -1]);
  return g.cast(g.op('Equal', [column, row]), cotangentOf(u.output).dtype);
}

function cotangents(
  { cotangentOf }: StatisticContext,
  u: LookupUse,
  v: LookupUse,
): readonly [Value, Value] {
  return [cotangentOf(u.output), cotangentOf(v.output)];
}

function rowGram({ g, batch, grams }: StatisticContext, x: Value, y: Value): Value {
  const key = `${x.name}\n${y.name}`;
  const known = grams.get(key);
  if (known) return known;
  const made = gram(g, exampleRows(g, x, batch), exampleRows(g, y, batch));
  grams.set(key, made);
  return made;
}

function unsupported(): LayersenseError {
  return new LayersenseError(
    'unsupported_operator',
    'A parameter is used both as an embedding and as an untransposed matrix; no per-example norm is known for it.',
  );
}
