import type { Value } from '@layersense/onnx-ir';
import { z } from 'zod';
import type { Forward } from '../forward.js';
import { WindowSize } from '../layer-windows.js';
import { LlamaConfig, llamaWith } from './llama.js';

/** Mistral is Llama that looks back a fixed number of tokens (Jiang et al. 2023). */
export const MistralConfig = LlamaConfig.extend({
  num_key_value_heads: z.number().int().positive().nullable().default(8),
  max_position_embeddings: z.number().int().positive().default(131_072),
  sliding_window: WindowSize.nullable().default(4096),
});
export type MistralConfig = z.infer<typeof MistralConfig>;

/** MistralModel: token ids → hidden states [batch · length, width]. */
export function mistral(f: Forward, config: MistralConfig, inputIds: Value): Value {
  return llamaWith(f, config, inputIds, { windowOf: () => config.sliding_window });
}
