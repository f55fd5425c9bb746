import type { Value } from '@layersense/onnx-ir';
import { z } from 'zod';
import { assertEnoughExperts, mixtureOfExperts } from '../blocks/mixture-of-experts.js';
import type { Forward } from '../forward.js';
import { WindowSize } from '../layer-windows.js';
import { llamaWith } from './llama.js';
import { MistralConfig } from './mistral.js';

const positive = z.number().int().positive();

/** Mixtral is Mistral whose MLPs are mixtures of experts (Jiang et al. 2024). */
export const MixtralConfig = MistralConfig.extend({
  rms_norm_eps: z.number().positive().default(1e-5),
  rope_theta: z.number().positive().default(1_000_000),
  sliding_window: WindowSize.nullable().default(null),
  num_local_experts: positive.default(8),
  num_experts_per_tok: positive.default(2),
}).superRefine(({ num_local_experts: experts, num_experts_per_tok: perToken }, context) =>
  assertEnoughExperts(experts, perToken, context),
);
export type MixtralConfig = z.infer<typeof MixtralConfig>;

/** The names that checkpoints give the matrices of an expert, W₂ (act(W₁ x) ⊙ W₃ x). */
const projections = { gate: 'w1', up: 'w3', down: 'w2' };

/** MixtralModel: token ids → hidden states [batch · length, width]. */
export function mixtral(f: Forward, config: MixtralConfig, inputIds: Value): Value {
  const experts = {
    experts: config.num_local_experts,
    perToken: config.num_experts_per_tok,
    renormalise: true,
    inner: config.intermediate_size,
    activation: config.hidden_act,
    projections,
  };
  return llamaWith(f, config, inputIds, {
    windowOf: () => config.sliding_window,
    mlpOf: () => (_, x, layer) => mixtureOfExperts(f, x, blockOf(f, layer), experts),
  });
}

/** transformers 5 calls it mlp, and saves it so where it saves the experts in one tensor. */
function blockOf(f: Forward, layer: string): string {
  return f.has(`${layer}.mlp.gate.weight`) ? `${layer}.mlp` : `${layer}.block_sparse_moe`;
}
