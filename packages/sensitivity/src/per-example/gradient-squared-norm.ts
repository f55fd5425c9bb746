import { LayersenseError } from '@layersense/contracts';
import { elementCount, type GraphBuilder, int, type Value } from '@layersense/onnx-ir';
import { exampleRows, gram, innerProduct, sumOfSquares } from './example-rows.js';
import type { ParameterUse } from './parameter-uses.js';

/** How a matrix's norm is computed: by Gram products, by the gradient itself, or the cheaper. */
export type NormPath = 'auto' | 'gram' | 'explicit';

export interface StatisticContext {
  readonly g: GraphBuilder;
  readonly batch: number;
  readonly path: NormPath;
  /** The cotangent of a value: ∂(Σₙ ℓₙ)/∂value. */
  readonly cotangentOf: (value: Value) => Value;
  /** Gram matrices made so far, by value: q, k and v share the one of their common input. */
  readonly grams: Map<string, Value>;
}

type MatrixUse = Extract<ParameterUse, { kind: 'linear' | 'embedding' | 'head' }>;
type VectorUse = Extract<ParameterUse, { kind: 'scale' | 'bias' }>;

/**
 * ‖∂ℓₙ/∂W‖²_F for every example n: [batch]. Exact for a parameter used any number of times:
 * ‖Σᵤ Gᵤ‖² = Σᵤᵥ ⟨Gᵤ, Gᵥ⟩, where adding only the squares ‖Gᵤ‖² would be wrong.
 */
export function gradientSquaredNorm(
  context: StatisticContext,
  shape: readonly number[],
  uses: readonly ParameterUse[],
): Value {
  const [first, ...others] = uses;
  if (first?.kind === 'head-bias' && others.length === 0) return first.squaredNorm;
  const vectors = uses.filter((use) => use.kind === 'scale' || use.kind === 'bias');
  const matrices = uses.filter(isMatrixUse);
  if (vectors.length === uses.length) return vectorNorm(context, vectors);
  if (matrices.length !== uses.length) {
    throw new LayersenseError(
      'unsupported_operator',
      'A parameter is used both as a matrix and as a vector; no per-example norm is known for it.',
    );
  }
  return useGram(context, shape, matrices)
    ? gramNorm(context, matrices)
    : sumOfSquares(
        context.g,
        sumAll(
          context.g,
          matrices.map((use) => gradient(context, use, shape)),
        ),
      );
}

function isMatrixUse(use: ParameterUse): use is MatrixUse {
  return use.kind === 'linear' || use.kind === 'embedding' || use.kind === 'head';
}

/**
 * The cheaper path in multiply-adds per example. A use of W [N, K] by T rows costs T²(K + N) with
 * Gram matrices and T·K·N with the explicit gradient; a pair of uses costs the same again.
 */
function useGram(
  { g, batch, path, cotangentOf }: StatisticContext,
  shape: readonly number[],
  uses: readonly MatrixUse[],
): boolean {
  // A chunked head leaves nothing but Gram products.
  if (uses.some(({ kind }) => kind === 'head')) return true;
  if (path !== 'auto') return path === 'gram';
  const [n = 1, k = 1] = shape;
  const rows = uses.map((use) => exampleRows(g, cotangentOf(use.output), batch).shape[1] ?? 0);
  const gramCost = rows.reduce((sum, t) => sum + t * t * (n + k), 0) * ((uses.length + 1) / 2);
  const explicitCost = rows.reduce((sum, t) => sum + t * n * k, 0);
  return gramCost < explicitCost;
}

function gramNorm(context: StatisticContext, uses: readonly MatrixUse[]): Value {
  const { g } = context;
  const terms = uses.flatMap((u, i) =>
    uses.slice(i).map((v) => {
      const product = gradientInnerProduct(context, u, v);
      return u === v ? product : g.mul(product, g.scalar(2, product.dtype));
    }),
  );
  return sumAll(g, terms);
}

/**
 * ⟨Gᵤ, Gᵥ⟩ per example without either gradient, with δ, x of u and δ′, x′ of v:
 * - linear, linear: Σₜₛ (xₜ·x′ₛ)(δₜ·δ′ₛ)
 * - embedding, embedding: Σ δₜ·δ′ₛ over t, s with equal tokens
 * - embedding, linear: Σₜₛ δ′ₛ[tokenₜ] (δₜ·x′ₛ), W being [tokens, width] in both
 */
function gradientInnerProduct(context: StatisticContext, u: MatrixUse, v: MatrixUse): Value {
  const { g } = context;
  if (u.kind === 'linear' && v.kind === 'linear') {
    return innerProduct(g, rowGram(context, u.x, v.x), cotangentGram(context, u, v));
  }
  if (u.kind === 'embedding' && v.kind === 'embedding') {
    return innerProduct(g, equalTokens(context, u, v), cotangentGram(context, u, v));
  }
  if (u.kind === 'head' && v.kind === 'head') {
    return innerProduct(g, rowGram(context, u.x, v.x), u.deltaGram);
  }
  const [lookup, projection] = u.kind === 'embedding' ? [u, v] : [v, u];
  if (lookup.kind === 'embedding' && projection.kind === 'head') {
    return headLookupProduct(context, lookup, projection);
  }
  if (lookup.kind !== 'embedding' || projection.kind !== 'linear' || !projection.transposed) {
    throw new LayersenseError(
      'unsupported_operator',
      'A parameter is used both as an embedding and as an untransposed matrix; no per-example norm is known for it.',
    );
  }
  return embeddingLinearProduct(context, lookup, projection);
}

function headLookupProduct(
  { g, batch, cotangentOf }: StatisticContext,
  lookup: Extract<MatrixUse, { kind: 'embedding' }>,
  head: Extract<MatrixUse, { kind: 'head' }>,
): Value {
  const atTokens = head.atTokens.get(lookup.tokens.name);
  if (!atTokens) throw new TypeError(`the head was not told of the tokens ${lookup.tokens.name}`);
  const rowCotangents = exampleRows(g, cotangentOf(lookup.output), batch);
  return innerProduct(g, atTokens, gram(g, exampleRows(g, head.x, batch), rowCotangents));
}

function embeddingLinearProduct(
  context: StatisticContext,
  lookup: Extract<MatrixUse, { kind: 'embedding' }>,
  projection: Extract<MatrixUse, { kind: 'linear' }>,
): Value {
  const { g, batch, cotangentOf } = context;
  const rowCotangents = exampleRows(g, cotangentOf(lookup.output), batch);
  const logitCotangents = exampleRows(g, cotangentOf(projection.output), batch);
  const inputs = exampleRows(g, projection.x, batch);
  const [, positions = 0] = logitCotangents.shape;
  const [, lookups = 0] = rowCotangents.shape;
  const tokens = g.op('Expand', [
    g.reshape(exampleTokens(context, lookup), [batch, 1, lookups]),
    g.int64([batch, positions, lookups]),
  ]);
  const atTokens = g.op('GatherElements', [logitCotangents, tokens], { axis: int(2) });
  return innerProduct(g, atTokens, gram(g, inputs, rowCotangents));
}

/**
 * The tokens of every lookup, [batch, T]; those of a table of positions are the same in each row.
 * As int32: WebGPU computes nothing in int64, and tables of [batch, T, T] would be made on the CPU.
 */
function exampleTokens(
  { g, batch }: StatisticContext,
  { tokens, output }: Extract<MatrixUse, { kind: 'embedding' }>,
): Value {
  const lookups = output.shape.slice(0, -1);
  const same = elementCount(tokens.shape) === elementCount(lookups);
  const ids = g.cast(tokens, 'int32');
  return g.reshape(same ? ids : g.op('Expand', [ids, g.int64(lookups)]), [batch, -1]);
}

/** 1 where two lookups read the same row of the table: [batch, T, T]. */
function equalTokens(
  context: StatisticContext,
  u: Extract<MatrixUse, { kind: 'embedding' }>,
  v: Extract<MatrixUse, { kind: 'embedding' }>,
): Value {
  const { g, batch, cotangentOf } = context;
  const column = g.reshape(exampleTokens(context, u), [batch, -1, 1]);
  const row = g.reshape(exampleTokens(context, v), [batch, 1, -1]);
  return g.cast(g.op('Equal', [column, row]), cotangentOf(u.output).dtype);
}

function cotangentGram(context: StatisticContext, u: MatrixUse, v: MatrixUse): Value {
  const { cotangentOf } = context;
  return rowGram(context, cotangentOf(u.output), cotangentOf(v.output));
}

function rowGram({ g, batch, grams }: StatisticContext, x: Value, y: Value): Value {
  const key = `${x.name}\n${y.name}`;
  const known = grams.get(key);
  if (known) return known;
  const made = gram(g, exampleRows(g, x, batch), exampleRows(g, y, batch));
  grams.set(key, made);
  return made;
}

/** Gₙ itself, laid out as W is stored: [batch, ...shape]. The oracle of the Gram path. */
function gradient(context: StatisticContext, use: MatrixUse, shape: readonly number[]): Value {
  const { g, batch, cotangentOf } = context;
  const delta = exampleRows(g, cotangentOf(use.output), batch);
  if (use.kind === 'embedding') {
    const [rows = 0] = shape;
    const table = g.constant({ dtype: 'int32', shape: [rows, 1], data: [...Array(rows).keys()] });
    const hits = g.op('Equal', [table, g.reshape(exampleTokens(context, use), [batch, 1, -1])]);
    return g.matMul(g.cast(hits, delta.dtype), delta);
  }
  if (use.kind === 'head') throw new TypeError('a chunked head has no explicit gradient');
  const x = exampleRows(g, use.x, batch);
  return use.transposed ? g.matMul(g.swapLast(delta), x) : g.matMul(g.swapLast(x), delta);
}

/** ‖Σₜ δₜ‖² of a bias, ‖Σₜ δₜ ⊙ xₜ‖² of a scale; the vectors of all uses are added first. */
function vectorNorm(context: StatisticContext, uses: readonly VectorUse[]): Value {
  const { g, batch, cotangentOf } = context;
  const gradients = uses.map((use) => {
    const delta = cotangentOf(use.output);
    const rows = use.kind === 'bias' ? delta : g.mul(delta, use.x);
    return g.reduceSum(exampleRows(g, rows, batch), [1]);
  });
  return sumOfSquares(g, sumAll(g, gradients));
}

function sumAll(g: GraphBuilder, values: readonly Value[]): Value {
  return values.reduce((sum, value) => g.add(sum, value));
}
