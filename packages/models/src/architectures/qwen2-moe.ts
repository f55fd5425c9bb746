import type { Value } from '@layersense/onnx-ir';
import { z } from 'zod';
import type { Activation } from '../blocks/activation.js';
import { gatedMlp } from '../blocks/gated-mlp.js';
import { linear } from '../blocks/linear.js';
import { assertEnoughExperts, mixtureOfExperts } from '../blocks/mixture-of-experts.js';
import type { Forward } from '../forward.js';
import { layerWindows } from '../layer-windows.js';
import { llamaWith, type Mlp } from './llama.js';
import { Qwen2Config } from './qwen2.js';

const positive = z.number().int().positive();
const natural = z.number().int().nonnegative();

/** The keys of config.json that shape the experts of Qwen's mixtures; Qwen2-MoE's defaults. */
export const QwenExpertKeys = {
  num_experts: natural.default(60),
  num_experts_per_tok: positive.default(4),
  moe_intermediate_size: positive.default(1408),
  norm_topk_prob: z.boolean().default(false),
  /** Every so many layers is a mixture, the first ones being dense. */
  decoder_sparse_step: positive.default(1),
  mlp_only_layers: z.array(natural).nullish(),
};
export type QwenExperts = z.infer<z.ZodObject<typeof QwenExpertKeys>>;

/** Qwen2-MoE is Qwen2 whose MLPs are mixtures of experts, one of which sees every token. */
export const Qwen2MoeConfig = Qwen2Config.extend({
  ...QwenExpertKeys,
  shared_expert_intermediate_size: positive.default(5632),
  qkv_bias: z.boolean().default(true),
}).superRefine(checkExperts);
export type Qwen2MoeConfig = z.infer<typeof Qwen2MoeConfig>;

/** Qwen2MoeModel: token ids → hidden states [batch · length, width]. */
export function qwen2Moe(f: Forward, config: Qwen2MoeConfig, inputIds: Value): Value {
  const slides = (layer: number) => layer % 2 === 0 && layer < config.max_window_layers;
  return llamaWith(f, config, inputIds, {
    biases: { qkv: config.qkv_bias },
    windowOf: config.use_sliding_window ? layerWindows(config, slides) : () => undefined,
    mlpOf: (layer) => (isSparse(config, layer) ? sharedAndRouted(config) : undefined),
  });
}

/** Σₑ pₑ · expertₑ(x) + σ(w·x) · shared(x) */
function sharedAndRouted(config: Qwen2MoeConfig): Mlp {
  const { hidden_act: activation, shared_expert_intermediate_size: inner } = config;
  return (f, x, layer) => {
    const { g } = f;
    const routed = qwenExperts(config, activation)(f, x, layer);
    const shared = gatedMlp(f, x, `${layer}.mlp.shared_expert`, { inner, activation });
    const gate = linear(f, x, `${layer}.mlp.shared_expert_gate`, 1, { bias: false });
    return g.add(routed, g.mul(shared, g.op('Sigmoid', [gate])));
  };
}

export function qwenExperts(config: QwenExperts, activation: Activation): Mlp {
  const options = {
    experts: config.num_experts,
    perToken: config.num_experts_per_tok,
    renormalise: config.norm_topk_prob,
    inner: config.moe_intermediate_size,
    activation,
    projections: { gate: 'gate_proj', up: 'up_proj', down: 'down_proj' },
  };
  return (f, x, layer) => mixtureOfExperts(f, x, `${layer}.mlp`, options);
}

export function isSparse(config: QwenExperts, layer: number): boolean {
  const { num_experts: experts, decoder_sparse_step: step, mlp_only_layers: dense } = config;
  return experts > 0 && (layer + 1) % step === 0 && !dense?.includes(layer);
}

export function checkExperts(config: QwenExperts, context: z.RefinementCtx): void {
  const { num_experts: experts, num_experts_per_tok: perToken } = config;
  if (experts > 0) assertEnoughExperts(experts, perToken, context);
}
