import type { Value } from '@layersense/onnx-ir';
import { z } from 'zod';
import { Activation, activation } from '../blocks/activation.js';
import { type AttentionOptions, groupedAttention, type Heads } from '../blocks/attention.js';
import { causalMasks } from '../blocks/causal-masks.js';
import { embedding } from '../blocks/embedding.js';
import { headsOf } from '../blocks/heads.js';
import { linear } from '../blocks/linear.js';
import { rmsNorm } from '../blocks/rms-norm.js';
import { rotaryTables } from '../blocks/rotary.js';
import { unpack } from '../blocks/unpack.js';
import type { Forward } from '../forward.js';
import { WindowSize } from '../layer-windows.js';
import { parseRope, type RopeConfig, RopeKeys } from '../rope-config.js';

const positive = z.number().int().positive();

/** The keys of config.json that shape Phi-3 and Phi-4; transformers' defaults. */
export const Phi3Config = z.object({
  vocab_size: positive,
  hidden_size: positive,
  intermediate_size: positive,
  num_hidden_layers: positive,
  num_attention_heads: positive,
  num_key_value_heads: positive.nullish(),
  head_dim: positive.nullish(),
  max_position_embeddings: positive.default(4096),
  original_max_position_embeddings: positive.default(4096),
  rms_norm_eps: z.number().positive().default(1e-5),
  hidden_act: Activation.default('silu'),
  sliding_window: WindowSize.nullish(),
  tie_word_embeddings: z.boolean().default(false),
  ...RopeKeys,
});
export type Phi3Config = z.infer<typeof Phi3Config>;

export function phi3Rope(config: Phi3Config): RopeConfig {
  return parseRope(config, { partial: 1 });
}

/** Phi3Model: token ids → hidden states [batch · length, width]. */
export function phi3(f: Forward, config: Phi3Config, inputIds: Value): Value {
  const heads = headsOf(config);
  const rotary = rotaryTables(f, phi3Rope(config), heads.dim, { oddRoundsUp: true });
  const attention = { rotary, mask: causalMasks(f)(config.sliding_window) };
  const { vocab_size: vocabulary, hidden_size: width } = config;

  let x = embedding(f, inputIds, 'model.embed_tokens', vocabulary, width);
  for (let i = 0; i < config.num_hidden_layers; i++) {
    const layer = `model.layers.${i}`;
    x = f.g.scope(layer, () => decoderLayer(f, config, x, layer, heads, attention));
  }
  return rmsNorm(f, x, 'model.norm', config.rms_norm_eps);
}

/** Llama's layer with q, k and v in one matrix, gate and up in another. */
function decoderLayer(
  f: Forward,
  config: Phi3Config,
  x: Value,
  layer: string,
  heads: Heads,
  attention: AttentionOptions,
): Value {
  const { g } = f;
  const { hidden_size: width, intermediate_size: inner, rms_norm_eps: epsilon } = config;
  const project = (from: Value, name: string, outputs: number) =>
    linear(f, from, `${layer}.${name}`, outputs, { bias: false });

  const normed = rmsNorm(f, x, `${layer}.input_layernorm`, epsilon);
  const [queries, keys] = [heads.query * heads.dim, heads.keyValue * heads.dim];
  const packed = project(normed, 'self_attn.qkv_proj', queries + 2 * keys);
  const parts = { q: queries, k: keys, v: keys };
  const { q, k, v } = unpack(f, packed, `${layer}.self_attn.qkv_proj`, parts);
  const mixed = groupedAttention(f, [q, k, v], heads, attention);
  const h = g.add(x, project(mixed, 'self_attn.o_proj', width));

  const hidden = rmsNorm(f, h, `${layer}.post_attention_layernorm`, epsilon);
  const gateUp = project(hidden, 'mlp.gate_up_proj', 2 * inner);
  const { gate, up } = unpack(f, gateUp, `${layer}.mlp.gate_up_proj`, { gate: inner, up: inner });
  const activated = g.mul(activation(f, config.hidden_act, gate), up);
  return g.add(h, project(activated, 'mlp.down_proj', width));
}
