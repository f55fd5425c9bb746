import type { InferenceRule } from './inference-rule.js';
import { same } from './rule-forms.js';

export const activationInference = {
  Erf: same,
  Gelu: same,
  Relu: same,
  Sigmoid: same,
  Softplus: same,
  Tanh: same,
  'com.microsoft.BiasGelu': same,
  'com.microsoft.FastGelu': same,
  'com.microsoft.Gelu': same,
  'com.microsoft.QuickGelu': same,
} satisfies Record<string, InferenceRule>;
