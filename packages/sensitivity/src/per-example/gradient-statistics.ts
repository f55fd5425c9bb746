import { LayersenseError } from '@layersense/contracts';
import type { Value } from '@layersense/onnx-ir';
import { type AxisSums, axisSums } from './axis-sums.js';
import { useGram } from './cheaper-path.js';
import { exampleRows, sumAll, sumOfSquares, sumTrailing } from './example-rows.js';
import { exampleTokens, factorsOf } from './factors.js';
import { gramMarginals } from './gram-marginals.js';
import { type GramTerm, gramTerm } from './gram-terms.js';
import type { ParameterUse } from './parameter-uses.js';
import {
  isMatrixUse,
  type MatrixUse,
  type StatisticContext,
  type VectorUse,
} from './statistic-context.js';

/** What is computed of a parameter's gradients, per example. */
export interface GradientStatistics {
  /** ‖∂ℓₙ/∂W‖²_F: [batch]. */
  readonly squaredNorm: Value;
  /** Of a matrix, where the context asks for marginals. */
  readonly marginals?: AxisSums;
}

/**
 * The statistics of ∂ℓₙ/∂W for every example n. Exact for a parameter used any number of times:
 * ‖Σᵤ Gᵤ‖² = Σᵤᵥ ⟨Gᵤ, Gᵥ⟩, where adding only the squares ‖Gᵤ‖² would be wrong.
 */
export function gradientStatistics(
  context: StatisticContext,
  shape: readonly number[],
  uses: readonly ParameterUse[],
): GradientStatistics {
  const [first, ...others] = uses;
  if (first?.kind === 'head-bias' && others.length === 0) {
    return { squaredNorm: first.squaredNorm };
  }
  const vectors = uses.filter((use) => use.kind === 'scale' || use.kind === 'bias');
  const matrices = uses.filter(isMatrixUse);
  if (vectors.length === uses.length) return { squaredNorm: vectorNorm(context, vectors) };
  if (matrices.length !== uses.length) {
    throw new LayersenseError(
      'unsupported_operator',
      'A parameter is used both as a matrix and as a vector; no per-example norm is known for it.',
    );
  }
  return useGram(context, shape, matrices)
    ? gramStatistics(context, shape, matrices)
    : explicitStatistics(context, shape, matrices);
}

function gramStatistics(
  context: StatisticContext,
  shape: readonly number[],
  uses: readonly MatrixUse[],
): GradientStatistics {
  const { g, marginals } = context;
  const factored = uses.map((use) => ({ use, factors: once(() => factorsOf(context, use)) }));
  const terms: GramTerm[] = [];
  const contributions = factored.flatMap((u, i) =>
    factored.slice(i).map((v) => {
      const term = gramTerm(context, u, v);
      terms.push(term);
      const { innerProduct, isSquare } = term;
      return isSquare ? innerProduct : g.mul(innerProduct, g.scalar(2, innerProduct.dtype));
    }),
  );
  const squaredNorm = sumAll(g, contributions);
  if (!marginals) return { squaredNorm };
  const ofHeads = uses.flatMap((use) => (use.kind === 'head' ? (use.rowSums ?? []) : []));
  return { squaredNorm, marginals: gramMarginals(g, shape, terms, ofHeads) };
}

function explicitStatistics(
  context: StatisticContext,
  shape: readonly number[],
  uses: readonly MatrixUse[],
): GradientStatistics {
  const { g, marginals } = context;
  const gradients = uses.map((use) => gradient(context, use, shape));
  const sum = sumAll(g, gradients);
  if (!marginals) return { squaredNorm: sumOfSquares(g, sum) };
  const sums = axisSums(g, sum);
  return { squaredNorm: sumTrailing(g, sums.first), marginals: sums };
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

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
