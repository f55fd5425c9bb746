import { intAttribute } from '../graph/graph.js';
import type { InferenceRule, TensorType } from './inference-rule.js';
import { same } from './rule-forms.js';
import { normalizeAxis } from './shapes.js';

/** The result, then one statistic or two with 1 for every normalised axis. */
const normalized: InferenceRule = ({ node, input }) => {
  const { dtype, shape } = input(0);
  const axis = normalizeAxis(intAttribute(node, 'axis', -1), shape.length);
  const statistic: TensorType = {
    dtype: dtype === 'float64' ? 'float64' : 'float32',
    shape: shape.map((size, i) => (i < axis ? size : 1)),
  };
  return [{ dtype, shape }, statistic, statistic];
};

/** The outputs of `normalized` over the last axis, then the sum of the input, the skip and the bias. */
const skipNormalized: InferenceRule = (inference) => [...normalized(inference), inference.input(0)];

export const normalizationInference = {
  LayerNormalization: normalized,
  LogSoftmax: same,
  RMSNormalization: same,
  SimplifiedLayerNormalization: normalized,
  Softmax: same,
  'com.microsoft.SkipLayerNormalization': skipNormalized,
  'com.microsoft.SkipSimplifiedLayerNormalization': skipNormalized,
} satisfies Record<string, InferenceRule>;
