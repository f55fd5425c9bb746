import { int, type Value } from '@layersense/onnx-ir';
import { z } from 'zod';
import { Activation } from '../blocks/activation.js';
import { type AttentionOptions, groupedAttention, type Heads } from '../blocks/attention.js';
import { causalMasks } from '../blocks/causal-masks.js';
import { embedding } from '../blocks/embedding.js';
import { gatedMlp } from '../blocks/gated-mlp.js';
import { headsOf } from '../blocks/heads.js';
import { layerNorm } from '../blocks/layer-norm.js';
import { linear } from '../blocks/linear.js';
import { rotaryTables } from '../blocks/rotary.js';
import type { Forward } from '../forward.js';
import { parseRope, type RopeConfig, RopeKeys } from '../rope-config.js';

const positive = z.number().int().positive();

/** The keys of config.json that shape StableLM; transformers' defaults. */
export const StableLmConfig = z.object({
  vocab_size: positive,
  hidden_size: positive,
  intermediate_size: positive,
  num_hidden_layers: positive,
  num_attention_heads: positive,
  num_key_value_heads: positive.nullish(),
  max_position_embeddings: positive.default(4096),
  layer_norm_eps: z.number().positive().default(1e-5),
  hidden_act: Activation.default('silu'),
  use_qkv_bias: z.boolean().default(false),
  qk_layernorm: z.boolean().default(false),
  use_parallel_residual: z.boolean().default(false),
  tie_word_embeddings: z.boolean().default(false),
  ...RopeKeys,
});
export type StableLmConfig = z.infer<typeof StableLmConfig>;

export function stablelmRope(config: StableLmConfig): RopeConfig {
  return parseRope(config, { partial: 0.25 });
}

/** StableLmModel: token ids → hidden states [batch · length, width]. */
export function stablelm(f: Forward, config: StableLmConfig, inputIds: Value): Value {
  const heads = headsOf(config);
  const rotary = rotaryTables(f, stablelmRope(config), heads.dim);
  const attention = { rotary, mask: causalMasks(f)() };
  const { vocab_size: vocabulary, hidden_size: width, layer_norm_eps: epsilon } = config;

  let x = embedding(f, inputIds, 'model.embed_tokens', vocabulary, width);
  for (let i = 0; i < config.num_hidden_layers; i++) {
    const layer = `model.layers.${i}`;
    x = f.g.scope(layer, () => decoderLayer(f, config, x, layer, heads, attention));
  }
  return layerNorm(f, x, 'model.norm', { epsilon });
}

function decoderLayer(
  f: Forward,
  config: StableLmConfig,
  x: Value,
  layer: string,
  heads: Heads,
  attention: AttentionOptions,
): Value {
  const { g } = f;
  const { layer_norm_eps: epsilon, use_parallel_residual: parallel } = config;
  const mlp = (y: Value) =>
    gatedMlp(f, y, `${layer}.mlp`, {
      inner: config.intermediate_size,
      activation: config.hidden_act,
    });

  const normed = layerNorm(f, x, `${layer}.input_layernorm`, { epsilon });
  const attended = selfAttention(f, config, normed, `${layer}.self_attn`, heads, attention);
  if (parallel) return g.add(g.add(x, attended), mlp(normed));
  const h = g.add(x, attended);
  return g.add(h, mlp(layerNorm(f, h, `${layer}.post_attention_layernorm`, { epsilon })));
}

function selfAttention(
  f: Forward,
  config: StableLmConfig,
  x: Value,
  name: string,
  heads: Heads,
  attention: AttentionOptions,
): Value {
  const { use_qkv_bias: bias, qk_layernorm: normed, layer_norm_eps: epsilon } = config;
  const project = (to: string, count: number) =>
    linear(f, x, `${name}.${to}`, count * heads.dim, { bias });
  const norm = (y: Value, by: string) =>
    normed ? normEachHead(f, y, `${name}.${by}.norms`, heads.dim, epsilon) : y;

  const q = norm(project('q_proj', heads.query), 'q_layernorm');
  const k = norm(project('k_proj', heads.keyValue), 'k_layernorm');
  const v = project('v_proj', heads.keyValue);
  const mixed = groupedAttention(f, [q, k, v], heads, attention);
  return linear(f, mixed, `${name}.o_proj`, config.hidden_size, { bias: false });
}

/** A norm of its own for each head, without biases: [rows, heads·dim] → the same shape. */
function normEachHead(f: Forward, x: Value, name: string, dim: number, epsilon: number): Value {
  const count = (x.shape[1] ?? 0) / dim;
  const split = { axis: int(-1), num_outputs: int(count) };
  const heads = f.g.ops('Split', [x], split, { outputs: count });
  const normed = heads.map((head, i) =>
    layerNorm(f, head, `${name}.${i}`, { epsilon, bias: false }),
  );
  return f.g.op('Concat', normed, { axis: int(-1) });
}
