import { elementCount, type Value } from '@layersense/onnx-ir';
import { exampleRows } from './example-rows.js';
import type { LinearUse, LookupUse, MatrixUse, StatisticContext } from './statistic-context.js';

/**
 * A use of W [n₀, n₁] by the axes that W is stored with: its gradient per example is G = AᵀB. For
 * y = x Wᵀ, A holds the cotangents δ and B the inputs x; for y = x W it is the other way round. For a
 * lookup, row t of A is one at token t and zero elsewhere, and B holds the cotangents.
 */
export interface Factors {
  /** A [batch, T, n₀]; undefined where no tensor holds it. */
  readonly first: Value | undefined;
  /** B [batch, T, n₁]. */
  readonly second: Value;
  /** Where A has its ones: int32 [batch, T], of a lookup alone. */
  readonly tokens?: Value;
}

type Cotangents = Pick<StatisticContext, 'cotangentOf'>;

export function factorsOf(context: StatisticContext, use: MatrixUse): Factors {
  const { g, batch, cotangentOf } = context;
  if (use.kind === 'head') return { first: undefined, second: exampleRows(g, use.x, batch) };
  if (use.kind === 'embedding') {
    const second = exampleRows(g, cotangentOf(use.output), batch);
    return { first: undefined, second, tokens: exampleTokens(context, use) };
  }
  return {
    first: exampleRows(g, linearFactor(context, use, 0), batch),
    second: exampleRows(g, linearFactor(context, use, 1), batch),
  };
}

/** A (0) or B (1) of a projection, before the rows are told apart by example. */
export function linearFactor(
  { cotangentOf }: Cotangents,
  { x, output, transposed }: LinearUse,
  axis: 0 | 1,
): Value {
  const isInputs = transposed ? axis === 1 : axis === 0;
  return isInputs ? x : cotangentOf(output);
}

/**
 * The tokens of every lookup, [batch, T]; those of a table of positions are the same in each row.
 * As int32: WebGPU computes nothing in int64, and tables of [batch, T, T] would be made on the CPU.
 */
export function exampleTokens(
  { g, batch }: Pick<StatisticContext, 'g' | 'batch'>,
  { tokens, output }: LookupUse,
): Value {
  const lookups = output.shape.slice(0, -1);
  const same = elementCount(tokens.shape) === elementCount(lookups);
  const ids = g.cast(tokens, 'int32');
  return g.reshape(same ? ids : g.op('Expand', [ids, g.int64(lookups)]), [batch, -1]);
}
