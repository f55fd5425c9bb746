import type { Value } from '@layersense/onnx-ir';
import { z } from 'zod';
import type { Forward } from '../forward.js';
import { LlamaConfig, llamaWith } from './llama.js';

/** Mistral is Llama that looks back a fixed number of tokens (Jiang et al. 2023). */
export const MistralConfig = LlamaConfig.extend({
  num_key_value_heads: z.number().int().positive().nullable().default(8),
  max_position_embeddings: z.number().int().positive().default(131_072),
  sliding_window: z.number().int().positive().nullable().default(4096),
});
export type MistralConfig = z.infer<typeof MistralConfig>;

/** MistralForCausalLM: token ids → logits [batch · length, vocabulary]. */
export function mistral(f: Forward, config: MistralConfig, inputIds: Value): Value {
  return llamaWith(f, config, inputIds, { windowOf: () => config.sliding_window });
}
