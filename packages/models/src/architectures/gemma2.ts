import type { Value } from '@layersense/onnx-ir';
import { z } from 'zod';
import { Activation } from '../blocks/activation.js';
import { type AttentionOptions, groupedAttention, type Heads } from '../blocks/attention.js';
import { causalMasks } from '../blocks/causal-masks.js';
import { gatedMlp } from '../blocks/gated-mlp.js';
import { languageHead } from '../blocks/language-head.js';
import { linear } from '../blocks/linear.js';
import { perHead } from '../blocks/per-head.js';
import { rmsNorm } from '../blocks/rms-norm.js';
import { rotaryTables } from '../blocks/rotary.js';
import { scaledEmbedding } from '../blocks/scaled-embedding.js';
import { softCap } from '../blocks/soft-cap.js';
import type { Forward } from '../forward.js';
import { layerWindows, WindowKeys, WindowSize } from '../layer-windows.js';
import { parseRope, RopeKeys } from '../rope-config.js';

const positive = z.number().int().positive();
const cap = z.number().positive().nullable();

/** The keys of config.json that shape Gemma 2; transformers' defaults. */
export const Gemma2Config = z.object({
  vocab_size: positive,
  hidden_size: positive,
  intermediate_size: positive,
  num_hidden_layers: positive,
  num_attention_heads: positive,
  num_key_value_heads: positive,
  head_dim: positive.default(256),
  max_position_embeddings: positive.default(8192),
  rms_norm_eps: z.number().positive().default(1e-6),
  hidden_activation: Activation.default('gelu_pytorch_tanh'),
  attention_bias: z.boolean().default(false),
  query_pre_attn_scalar: z.number().positive().default(256),
  attn_logit_softcapping: cap.default(50),
  final_logit_softcapping: cap.default(30),
  use_bidirectional_attention: z.literal(false).nullish(),
  tie_word_embeddings: z.boolean().default(true),
  ...WindowKeys,
  sliding_window: WindowSize.nullable().default(4096),
  ...RopeKeys,
});
export type Gemma2Config = z.infer<typeof Gemma2Config>;

/** Gemma2Model: token ids → hidden states [batch · length, width]. */
export function gemma2(f: Forward, config: Gemma2Config, inputIds: Value): Value {
  const rotary = rotaryTables(f, parseRope(config), config.head_dim);
  const windowOf = layerWindows(config, (layer) => layer % 2 === 0);
  const maskFor = causalMasks(f);
  const scoreCap = config.attn_logit_softcapping;

  return gemmaDecoder(f, config, inputIds, (x, i) =>
    gemmaLayer(f, config, x, `model.layers.${i}`, { rotary, mask: maskFor(windowOf(i)), scoreCap }),
  );
}

type GemmaConfig = Omit<Gemma2Config, keyof typeof RopeKeys>;

/** What the Gemma generations share: the way into the layers, and out of the last of them. */
export function gemmaDecoder(
  f: Forward,
  config: GemmaConfig,
  inputIds: Value,
  decoderLayer: (x: Value, layer: number) => Value,
): Value {
  const { vocab_size: vocabulary, hidden_size: width } = config;
  let x = scaledEmbedding(f, inputIds, 'model.embed_tokens', vocabulary, width);
  for (let i = 0; i < config.num_hidden_layers; i++) {
    x = f.g.scope(`model.layers.${i}`, () => decoderLayer(x, i));
  }
  return rmsNorm(f, x, 'model.norm', config.rms_norm_eps, { offset: 1 });
}

export function gemmaHead(f: Forward, config: GemmaConfig, hidden: Value): Value {
  return softCap(f, languageHead(f, hidden, config), config.final_logit_softcapping);
}

/** Attention and MLP, each between two norms; `headNorms` adds those of q and k. */
export function gemmaLayer(
  f: Forward,
  config: GemmaConfig,
  x: Value,
  layer: string,
  attention: AttentionOptions,
  { headNorms = false }: { readonly headNorms?: boolean } = {},
): Value {
  const { g } = f;
  const { num_attention_heads: query, num_key_value_heads: keyValue, head_dim: dim } = config;
  const heads: Heads = { query, keyValue, dim };
  const norm = (y: Value, name: string) =>
    rmsNorm(f, y, `${layer}.${name}`, config.rms_norm_eps, { offset: 1 });
  const normHeads = (y: Value, name: string) =>
    headNorms ? perHead(f, y, dim, (h) => norm(h, name)) : y;
  const project = (from: Value, name: string, outputs: number) =>
    linear(f, from, `${layer}.self_attn.${name}`, outputs, { bias: config.attention_bias });

  const normed = norm(x, 'input_layernorm');
  const q = normHeads(project(normed, 'q_proj', query * dim), 'self_attn.q_norm');
  const k = normHeads(project(normed, 'k_proj', keyValue * dim), 'self_attn.k_norm');
  const v = project(normed, 'v_proj', keyValue * dim);
  const scale = 1 / Math.sqrt(config.query_pre_attn_scalar);
  const mixed = groupedAttention(f, [q, k, v], heads, { ...attention, scale });
  const attended = project(mixed, 'o_proj', config.hidden_size);
  const h = g.add(x, norm(attended, 'post_attention_layernorm'));

  const fed = gatedMlp(f, norm(h, 'pre_feedforward_layernorm'), `${layer}.mlp`, {
    inner: config.intermediate_size,
    activation: config.hidden_activation,
  });
  return g.add(h, norm(fed, 'post_feedforward_layernorm'));
}
