import { activationInference } from './activation.js';
import { attentionInference } from './attention.js';
import { countingInference } from './counting.js';
import { elementwiseInference } from './elementwise.js';
import { indexingInference } from './indexing.js';
import type { InferenceRule } from './inference-rule.js';
import { linalgInference } from './linalg.js';
import { movementInference } from './movement.js';
import { normalizationInference } from './normalization.js';
import { quantizedInference } from './quantized.js';
import { reductionInference } from './reduction.js';

/** The operators whose outputs are inferred, by operator key. */
export type InferredOp =
  | 'Abs'
  | 'Add'
  | 'And'
  | 'Cast'
  | 'Ceil'
  | 'Clip'
  | 'Cos'
  | 'Div'
  | 'Equal'
  | 'Exp'
  | 'Floor'
  | 'Greater'
  | 'GreaterOrEqual'
  | 'Identity'
  | 'IsInf'
  | 'IsNaN'
  | 'Less'
  | 'LessOrEqual'
  | 'Log'
  | 'Max'
  | 'Min'
  | 'Mod'
  | 'Mul'
  | 'Neg'
  | 'Not'
  | 'Or'
  | 'Pow'
  | 'Reciprocal'
  | 'Round'
  | 'Sign'
  | 'Sin'
  | 'Sqrt'
  | 'Sub'
  | 'Where'
  | 'Xor'
  | 'Erf'
  | 'Gelu'
  | 'Relu'
  | 'Sigmoid'
  | 'Softplus'
  | 'Tanh'
  | 'com.microsoft.BiasGelu'
  | 'com.microsoft.FastGelu'
  | 'com.microsoft.Gelu'
  | 'com.microsoft.QuickGelu'
  | 'LayerNormalization'
  | 'LogSoftmax'
  | 'RMSNormalization'
  | 'SimplifiedLayerNormalization'
  | 'Softmax'
  | 'com.microsoft.SkipLayerNormalization'
  | 'com.microsoft.SkipSimplifiedLayerNormalization'
  | 'Einsum'
  | 'Gemm'
  | 'MatMul'
  | 'com.microsoft.FusedMatMul'
  | 'ArgMax'
  | 'ArgMin'
  | 'CumSum'
  | 'ReduceLogSumExp'
  | 'ReduceMax'
  | 'ReduceMean'
  | 'ReduceMin'
  | 'ReduceProd'
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
  | 'TopK'
  | 'ConstantOfShape'
  | 'Range'
  | 'Shape'
  | 'Size'
  | 'Attention'
  | 'RotaryEmbedding'
  | 'com.microsoft.Attention'
  | 'com.microsoft.GroupQueryAttention'
  | 'com.microsoft.MultiHeadAttention'
  | 'com.microsoft.RotaryEmbedding'
  | 'com.microsoft.GatherBlockQuantized'
  | 'com.microsoft.MatMulNBits';

/** Every rule of shape inference, by operator key. A missing one does not compile. */
export const inferenceRules: { readonly [Op in InferredOp]: InferenceRule } = {
  ...elementwiseInference,
  ...activationInference,
  ...normalizationInference,
  ...linalgInference,
  ...reductionInference,
  ...movementInference,
  ...indexingInference,
  ...countingInference,
  ...attentionInference,
  ...quantizedInference,
};
