import type { Value } from '@layersense/onnx-ir';
import { z } from 'zod';
import type { Window } from '../blocks/causal-masks.js';
import type { Forward } from '../forward.js';
import { layerWindows, WindowKeys, WindowSize } from '../layer-windows.js';
import { LlamaConfig, llamaWith } from './llama.js';

/** Qwen2 is Llama with biases on q, k and v, and with windows in its upper layers if asked for. */
export const Qwen2Config = LlamaConfig.extend({
  max_position_embeddings: z.number().int().positive().default(32_768),
  use_sliding_window: z.boolean().default(false),
  max_window_layers: z.number().int().nonnegative().default(28),
  ...WindowKeys,
  sliding_window: WindowSize.nullable().default(4096),
});
export type Qwen2Config = z.infer<typeof Qwen2Config>;

/** Qwen2Model: token ids → hidden states [batch · length, width]. */
export function qwen2(f: Forward, config: Qwen2Config, inputIds: Value): Value {
  return llamaWith(f, config, inputIds, { biases: { qkv: true }, windowOf: qwenWindows(config) });
}

export function qwenWindows(config: Qwen2Config): (layer: number) => Window {
  const windowOf = layerWindows(config, (layer) => layer >= config.max_window_layers);
  return config.use_sliding_window ? windowOf : () => undefined;
}
