import type { GraphBuilder, Value } from '@layersense/onnx-ir';
import type { ParameterUse } from './parameter-uses.js';

/** How a matrix's norm is computed: by Gram products, by the gradient itself, or the cheaper. */
export type NormPath = 'auto' | 'gram' | 'explicit';

/** What the statistics of one graph are made with. */
export interface StatisticContext {
  readonly g: GraphBuilder;
  readonly batch: number;
  readonly path: NormPath;
  /** Whether matrices get their marginals beside their norms. */
  readonly marginals: boolean;
  /** The cotangent of a value: ∂(Σₙ ℓₙ)/∂value. */
  readonly cotangentOf: (value: Value) => Value;
  /** Gram matrices made so far, by value: q, k and v share the one of their common input. */
  readonly grams: Map<string, Value>;
}

export type MatrixUse = Extract<ParameterUse, { kind: 'linear' | 'embedding' | 'head' }>;
export type LinearUse = Extract<ParameterUse, { kind: 'linear' }>;
export type LookupUse = Extract<ParameterUse, { kind: 'embedding' }>;
export type HeadUse = Extract<ParameterUse, { kind: 'head' }>;
export type VectorUse = Extract<ParameterUse, { kind: 'scale' | 'bias' }>;

export function isMatrixUse(use: ParameterUse): use is MatrixUse {
  return use.kind === 'linear' || use.kind === 'embedding' || use.kind === 'head';
}
