import type { Value } from '@layersense/onnx-ir';
import { z } from 'zod';
import { Activation, activation } from '../blocks/activation.js';
import { type AttentionOptions, groupedAttention, type Heads } from '../blocks/attention.js';
import { causalMasks } from '../blocks/causal-masks.js';
import { embedding } from '../blocks/embedding.js';
import { headsOf } from '../blocks/heads.js';
import { isTied } from '../blocks/language-head.js';
import { layerNorm } from '../blocks/layer-norm.js';
import { linear } from '../blocks/linear.js';
import { perHead } from '../blocks/per-head.js';
import { rotaryTables } from '../blocks/rotary.js';
import type { Forward } from '../forward.js';
import { parseRope, type RopeConfig, RopeKeys } from '../rope-config.js';

const positive = z.number().int().positive();

/** The keys of config.json that shape Phi-1, Phi-1.5 and Phi-2; transformers' defaults. */
export const PhiConfig = z.object({
  vocab_size: positive,
  hidden_size: positive,
  intermediate_size: positive,
  num_hidden_layers: positive,
  num_attention_heads: positive,
  num_key_value_heads: positive.nullish(),
  head_dim: positive.nullish(),
  max_position_embeddings: positive.default(2048),
  layer_norm_eps: z.number().positive().default(1e-5),
  hidden_act: Activation.default('gelu_new'),
  qk_layernorm: z.boolean().default(false),
  tie_word_embeddings: z.boolean().default(false),
  ...RopeKeys,
});
export type PhiConfig = z.infer<typeof PhiConfig>;

export function phiRope(config: PhiConfig): RopeConfig {
  return parseRope(config, { partial: 0.5 });
}

/** PhiModel: token ids → hidden states [batch · length, width]. */
export function phi(f: Forward, config: PhiConfig, inputIds: Value): Value {
  const heads = headsOf(config);
  const rotary = rotaryTables(f, phiRope(config), heads.dim);
  const attention = { rotary, mask: causalMasks(f)() };
  const { vocab_size: vocabulary, hidden_size: width, layer_norm_eps: epsilon } = config;

  let x = embedding(f, inputIds, 'model.embed_tokens', vocabulary, width);
  for (let i = 0; i < config.num_hidden_layers; i++) {
    const layer = `model.layers.${i}`;
    x = f.g.scope(layer, () => decoderLayer(f, config, x, layer, heads, attention));
  }
  return layerNorm(f, x, 'model.final_layernorm', { epsilon });
}

/** Attention and MLP both read the one norm, and both are added to its input. */
function decoderLayer(
  f: Forward,
  config: PhiConfig,
  x: Value,
  layer: string,
  heads: Heads,
  attention: AttentionOptions,
): Value {
  const { g } = f;
  const { hidden_size: width, layer_norm_eps: epsilon } = config;
  const project = (from: Value, name: string, outputs: number) =>
    linear(f, from, `${layer}.${name}`, outputs, { bias: true });
  const normHeads = (y: Value, name: string) =>
    config.qk_layernorm
      ? perHead(f, y, heads.dim, (h) => layerNorm(f, h, `${layer}.self_attn.${name}`, { epsilon }))
      : y;

  const normed = layerNorm(f, x, `${layer}.input_layernorm`, { epsilon });
  const q = project(normed, 'self_attn.q_proj', heads.query * heads.dim);
  const k = project(normed, 'self_attn.k_proj', heads.keyValue * heads.dim);
  const v = project(normed, 'self_attn.v_proj', heads.keyValue * heads.dim);
  const qkv = [normHeads(q, 'q_layernorm'), normHeads(k, 'k_layernorm'), v] as const;
  const mixed = groupedAttention(f, qkv, heads, attention);
  const attended = project(mixed, 'self_attn.dense', width);

  const inner = project(normed, 'mlp.fc1', config.intermediate_size);
  const fed = project(activation(f, config.hidden_act, inner), 'mlp.fc2', width);
  return g.add(g.add(attended, fed), x);
}

/** The one head with a bias among the architectures here; tied or not, the bias is its own. */
export function phiHead(f: Forward, config: PhiConfig, x: Value): Value {
  const { vocab_size: vocabulary, tie_word_embeddings: tied } = config;
  if (!isTied(f, 'lm_head', tied)) return linear(f, x, 'lm_head', vocabulary, { bias: true });
  const logits = linear(f, x, 'model.embed_tokens', vocabulary, { bias: false });
  return f.g.add(logits, f.parameter('lm_head.bias', [vocabulary]));
}
