import type { Value } from '@layersense/onnx-ir';
import { z } from 'zod';
import { Activation, activation } from '../blocks/activation.js';
import { groupedAttention, type Heads } from '../blocks/attention.js';
import { type AttentionMask, causalMasks } from '../blocks/causal-masks.js';
import { conv1d } from '../blocks/conv1d.js';
import { embedding } from '../blocks/embedding.js';
import { languageHead } from '../blocks/language-head.js';
import { layerNorm } from '../blocks/layer-norm.js';
import { addPositionEmbedding } from '../blocks/position-embedding.js';
import { unpack } from '../blocks/unpack.js';
import type { Forward } from '../forward.js';

const positive = z.number().int().positive();

/** The keys of config.json that shape GPT-2; transformers' defaults. */
export const Gpt2Config = z.object({
  vocab_size: positive,
  n_positions: positive.default(1024),
  n_embd: positive,
  n_layer: positive,
  n_head: positive,
  n_inner: positive.nullish(),
  activation_function: Activation.default('gelu_new'),
  layer_norm_epsilon: z.number().positive().default(1e-5),
  scale_attn_weights: z.boolean().default(true),
  scale_attn_by_inverse_layer_idx: z.boolean().default(false),
  add_cross_attention: z.literal(false).default(false),
  tie_word_embeddings: z.boolean().default(true),
});
export type Gpt2Config = z.infer<typeof Gpt2Config>;

/** GPT2Model: token ids → hidden states [batch · length, width]. */
export function gpt2(f: Forward, config: Gpt2Config, inputIds: Value): Value {
  const { vocab_size: vocabulary, n_embd: width, layer_norm_epsilon: epsilon } = config;
  const mask = causalMasks(f)();

  const tokens = embedding(f, inputIds, 'transformer.wte', vocabulary, width);
  let x = addPositionEmbedding(f, tokens, 'transformer.wpe', config.n_positions);
  for (let i = 0; i < config.n_layer; i++) {
    const layer = `transformer.h.${i}`;
    x = f.g.scope(layer, () => block(f, config, x, layer, mask, attentionScale(config, i)));
  }
  return layerNorm(f, x, 'transformer.ln_f', { epsilon });
}

export function gpt2Head(f: Forward, config: Gpt2Config, hidden: Value): Value {
  return languageHead(f, hidden, config, 'transformer.wte');
}

function attentionScale(config: Gpt2Config, layer: number): number {
  const byWidth = config.scale_attn_weights ? 1 / Math.sqrt(config.n_embd / config.n_head) : 1;
  return config.scale_attn_by_inverse_layer_idx ? byWidth / (layer + 1) : byWidth;
}

function block(
  f: Forward,
  config: Gpt2Config,
  x: Value,
  layer: string,
  mask: AttentionMask,
  scale: number,
): Value {
  const { g } = f;
  const { n_embd: width, n_head: count, layer_norm_epsilon: epsilon } = config;
  const heads: Heads = { query: count, keyValue: count, dim: width / count };

  const normed = layerNorm(f, x, `${layer}.ln_1`, { epsilon });
  const packed = conv1d(f, normed, `${layer}.attn.c_attn`, 3 * width);
  const parts = { q: width, k: width, v: width };
  const { q, k, v } = unpack(f, packed, `${layer}.attn.c_attn`, parts, { axis: 1 });
  const mixed = groupedAttention(f, [q, k, v], heads, { mask, scale });
  const h = g.add(x, conv1d(f, mixed, `${layer}.attn.c_proj`, width));

  const hidden = layerNorm(f, h, `${layer}.ln_2`, { epsilon });
  const inner = conv1d(f, hidden, `${layer}.mlp.c_fc`, config.n_inner ?? 4 * width);
  const activated = activation(f, config.activation_function, inner);
  return g.add(h, conv1d(f, activated, `${layer}.mlp.c_proj`, width));
}
