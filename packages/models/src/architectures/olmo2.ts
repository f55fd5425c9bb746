import type { Value } from '@layersense/onnx-ir';
import { z } from 'zod';
import { Activation } from '../blocks/activation.js';
import { type AttentionOptions, groupedAttention, type Heads } from '../blocks/attention.js';
import { causalMasks } from '../blocks/causal-masks.js';
import { embedding } from '../blocks/embedding.js';
import { gatedMlp } from '../blocks/gated-mlp.js';
import { headsOf } from '../blocks/heads.js';
import { linear } from '../blocks/linear.js';
import { rmsNorm } from '../blocks/rms-norm.js';
import { rotaryTables } from '../blocks/rotary.js';
import type { Forward } from '../forward.js';
import { parseRope, RopeKeys } from '../rope-config.js';

const positive = z.number().int().positive();

/** The keys of config.json that shape OLMo 2; transformers' defaults. */
export const Olmo2Config = z.object({
  vocab_size: positive,
  hidden_size: positive,
  intermediate_size: positive,
  num_hidden_layers: positive,
  num_attention_heads: positive,
  num_key_value_heads: positive.nullish(),
  head_dim: positive.nullish(),
  max_position_embeddings: positive.default(2048),
  rms_norm_eps: z.number().positive().default(1e-5),
  hidden_act: Activation.default('silu'),
  attention_bias: z.boolean().default(false),
  tie_word_embeddings: z.boolean().default(false),
  ...RopeKeys,
});
export type Olmo2Config = z.infer<typeof Olmo2Config>;

/** Olmo2Model: token ids → hidden states [batch · length, width]. */
export function olmo2(f: Forward, config: Olmo2Config, inputIds: Value): Value {
  const heads = headsOf(config);
  const rotary = rotaryTables(f, parseRope(config), heads.dim);
  const attention = { rotary, mask: causalMasks(f)() };
  const { vocab_size: vocabulary, hidden_size: width } = config;

  let x = embedding(f, inputIds, 'model.embed_tokens', vocabulary, width);
  for (let i = 0; i < config.num_hidden_layers; i++) {
    const layer = `model.layers.${i}`;
    x = f.g.scope(layer, () => decoderLayer(f, config, x, layer, heads, attention));
  }
  return rmsNorm(f, x, 'model.norm', config.rms_norm_eps);
}

/** Norms follow attention and MLP instead of going before; q and k are normed in all their width. */
function decoderLayer(
  f: Forward,
  config: Olmo2Config,
  x: Value,
  layer: string,
  heads: Heads,
  attention: AttentionOptions,
): Value {
  const { g } = f;
  const { attention_bias: bias } = config;
  const norm = (y: Value, name: string) => rmsNorm(f, y, `${layer}.${name}`, config.rms_norm_eps);
  const project = (from: Value, name: string, outputs: number) =>
    linear(f, from, `${layer}.self_attn.${name}`, outputs, { bias });

  const q = norm(project(x, 'q_proj', heads.query * heads.dim), 'self_attn.q_norm');
  const k = norm(project(x, 'k_proj', heads.keyValue * heads.dim), 'self_attn.k_norm');
  const v = project(x, 'v_proj', heads.keyValue * heads.dim);
  const mixed = groupedAttention(f, [q, k, v], heads, attention);
  const attended = project(mixed, 'o_proj', config.hidden_size);
  const h = g.add(x, norm(attended, 'post_attention_layernorm'));

  const { intermediate_size: inner, hidden_act: activation } = config;
  const fed = gatedMlp(f, h, `${layer}.mlp`, { inner, activation });
  return g.add(h, norm(fed, 'post_feedforward_layernorm'));
}
