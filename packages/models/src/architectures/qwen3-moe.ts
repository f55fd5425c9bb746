import type { Value } from '@layersense/onnx-ir';
import { z } from 'zod';
import type { Forward } from '../forward.js';
import { llamaWith } from './llama.js';
import { Qwen2Config } from './qwen2.js';
import { checkExperts, isSparse, QwenExpertKeys, qwenExperts } from './qwen2-moe.js';

const positive = z.number().int().positive();
const natural = z.number().int().nonnegative();

/** Qwen3-MoE is Qwen3 whose MLPs are mixtures of experts; none of them is shared. */
export const Qwen3MoeConfig = Qwen2Config.extend({
  ...QwenExpertKeys,
  num_experts: natural.optional(),
  /** What transformers 5 writes in place of `num_experts`. */
  num_local_experts: natural.optional(),
  num_experts_per_tok: positive.default(8),
  moe_intermediate_size: positive.default(768),
  num_key_value_heads: positive.nullish().default(4),
})
  .transform(({ num_experts, num_local_experts, ...config }) => ({
    ...config,
    num_experts: num_experts ?? num_local_experts ?? 128,
  }))
  .superRefine(checkExperts);
export type Qwen3MoeConfig = z.infer<typeof Qwen3MoeConfig>;

/** Qwen3MoeModel: token ids → hidden states [batch · length, width]. */
export function qwen3Moe(f: Forward, config: Qwen3MoeConfig, inputIds: Value): Value {
  const { attention_bias: bias, hidden_act: activation } = config;
  // transformers slides in every layer of this model, whatever `layer_types` says.
  const window = config.use_sliding_window ? config.sliding_window : undefined;
  return llamaWith(f, config, inputIds, {
    biases: { qkv: bias, output: bias },
    headNorms: true,
    windowOf: () => window,
    mlpOf: (layer) => (isSparse(config, layer) ? qwenExperts(config, activation) : undefined),
  });
}
