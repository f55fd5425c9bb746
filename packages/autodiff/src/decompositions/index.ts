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

/** Operators by operator key, each written with operators that have rules. */
export const decompositions: Readonly<Record<string, Decomposition>> = {
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
