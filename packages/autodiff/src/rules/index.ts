import type { VjpRule } from '../vjp.js';
import { activationRules } from './activation.js';
import { elementwiseRules } from './elementwise.js';
import { indexingRules } from './indexing.js';
import { linalgRules } from './linalg.js';
import { movementRules } from './movement.js';
import { normalizationRules } from './normalization.js';
import { reductionRules } from './reduction.js';

/** The operators this package differentiates. */
export type DifferentiableOp =
  | 'Abs'
  | 'Add'
  | 'Cast'
  | 'Clip'
  | 'Cos'
  | 'Div'
  | 'Exp'
  | 'Identity'
  | 'Log'
  | 'Max'
  | 'Min'
  | 'Mul'
  | 'Neg'
  | 'Pow'
  | 'Reciprocal'
  | 'Sin'
  | 'Sqrt'
  | 'Sub'
  | 'Where'
  | 'Erf'
  | 'Relu'
  | 'Sigmoid'
  | 'Softplus'
  | 'Tanh'
  | 'LogSoftmax'
  | 'SimplifiedLayerNormalization'
  | 'Softmax'
  | 'Gemm'
  | 'MatMul'
  | 'com.microsoft.FusedMatMul'
  | 'CumSum'
  | 'ReduceLogSumExp'
  | 'ReduceMax'
  | 'ReduceMean'
  | 'ReduceSum'
  | 'ReduceSumSquare'
  | 'Concat'
  | 'Expand'
  | 'Flatten'
  | 'Pad'
  | 'Reshape'
  | 'Slice'
  | 'Split'
  | 'Squeeze'
  | 'Tile'
  | 'Transpose'
  | 'Trilu'
  | 'Unsqueeze'
  | 'Gather'
  | 'GatherElements'
  | 'GatherND'
  | 'ScatterElements'
  | 'ScatterND'
  | 'TopK';

/** Every differentiation rule, by operator key. A missing one does not compile. */
export const vjpRules: { readonly [Op in DifferentiableOp]: VjpRule } = {
  ...elementwiseRules,
  ...activationRules,
  ...normalizationRules,
  ...linalgRules,
  ...reductionRules,
  ...movementRules,
  ...indexingRules,
};
