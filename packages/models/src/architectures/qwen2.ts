import { LayersenseError } from '@layersense/contracts';
import type { Value } from '@layersense/onnx-ir';
import { z } from 'zod';
import type { Forward } from '../forward.js';
import { LlamaConfig, llamaWith } from './llama.js';

/** Qwen2 is Llama with biases on q, k and v. */
export const Qwen2Config = LlamaConfig.extend({
  max_position_embeddings: z.number().int().positive().default(32_768),
  use_sliding_window: z.boolean().default(false),
  sliding_window: z.number().int().positive().nullish(),
});
export type Qwen2Config = z.infer<typeof Qwen2Config>;

/** Qwen2ForCausalLM: token ids → logits [batch · length, vocabulary]. */
export function qwen2(f: Forward, config: Qwen2Config, inputIds: Value): Value {
  const window = config.use_sliding_window ? config.sliding_window : undefined;
  if (window && f.shape.length > window) {
    throw new LayersenseError(
      'sequence_too_long',
      `This model attends within a sliding window of ${window} tokens, and an example has ${f.shape.length}. Set max_length to ${window} or less.`,
      { window, length: f.shape.length },
    );
  }
  return llamaWith(f, config, inputIds, { qkv: true, output: false, mlp: false });
}
