import type { Value } from '@layersense/onnx-ir';
import { z } from 'zod';
import type { Forward } from '../forward.js';
import { llamaWith } from './llama.js';
import { Qwen2Config, qwenWindows } from './qwen2.js';

/** Qwen3 is Qwen2 with norms over every head of q and k, a head size of its own and no biases. */
export const Qwen3Config = Qwen2Config.extend({
  head_dim: z.number().int().positive().default(128),
});
export type Qwen3Config = z.infer<typeof Qwen3Config>;

/** Qwen3Model: token ids → hidden states [batch · length, width]. */
export function qwen3(f: Forward, config: Qwen3Config, inputIds: Value): Value {
  const { attention_bias: bias } = config;
  return llamaWith(f, config, inputIds, {
    biases: { qkv: bias, output: bias },
    headNorms: true,
    windowOf: qwenWindows(config),
  });
}
