import type { Decomposition } from './decomposition.js';
import { einsumDecompositions } from './einsum.js';
import { geluDecompositions } from './gelu.js';
import { groupQueryDecompositions } from './group-query-attention.js';
import { multiHeadDecompositions } from './multi-head-attention.js';
import { normalizationDecompositions } from './normalization.js';
import { attentionDecompositions } from './onnx-attention.js';
import { quantizedDecompositions } from './quantized.js';
import { rotaryDecompositions } from './rotary-embedding.js';
import { safeSoftmaxDecompositions } from './safe-softmax.js';

/** The operators that are written out before a graph is differentiated, by operator key. */
export type DecomposedOp =
  | 'LayerNormalization'
  | 'RMSNormalization'
  | 'SimplifiedLayerNormalization'
  | 'com.microsoft.SkipLayerNormalization'
  | 'com.microsoft.SkipSimplifiedLayerNormalization'
  | 'Gelu'
  | 'com.microsoft.BiasGelu'
  | 'com.microsoft.FastGelu'
  | 'com.microsoft.Gelu'
  | 'com.microsoft.QuickGelu'
  | 'RotaryEmbedding'
  | 'com.microsoft.RotaryEmbedding'
  | 'com.microsoft.GroupQueryAttention'
  | 'com.microsoft.Attention'
  | 'com.microsoft.MultiHeadAttention'
  | 'Attention'
  | 'com.microsoft.GatherBlockQuantized'
  | 'com.microsoft.MatMulNBits'
  | 'Einsum'
  | 'Where';

/** Every decomposition, by operator key. A missing one does not compile. */
export const decompositions: { readonly [Op in DecomposedOp]: Decomposition } = {
  ...normalizationDecompositions,
  ...geluDecompositions,
  ...rotaryDecompositions,
  ...groupQueryDecompositions,
  ...multiHeadDecompositions,
  ...attentionDecompositions,
  ...quantizedDecompositions,
  ...einsumDecompositions,
  ...safeSoftmaxDecompositions,
};

export function isDecomposedOp(key: string): key is DecomposedOp {
  return Object.hasOwn(decompositions, key);
}
