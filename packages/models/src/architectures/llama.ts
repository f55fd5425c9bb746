import type { Value } from '@layersense/onnx-ir';
import { z } from 'zod';
import { Activation } from '../blocks/activation.js';
import { groupedAttention, type Heads } from '../blocks/attention.js';
import { type AttentionMask, causalMasks, type Window } from '../blocks/causal-masks.js';
import { embedding } from '../blocks/embedding.js';
import { gatedMlp } from '../blocks/gated-mlp.js';
import { headsOf } from '../blocks/heads.js';
import { linear } from '../blocks/linear.js';
import { perHead } from '../blocks/per-head.js';
import { rmsNorm } from '../blocks/rms-norm.js';
import { type RotaryTables, rotaryTables } from '../blocks/rotary.js';
import type { Forward } from '../forward.js';
import { parseRope, RopeKeys } from '../rope-config.js';

const positive = z.number().int().positive();

/** The keys of config.json that shape a decoder of the Llama family; transformers' defaults. */
export const LlamaConfig = z.object({
  vocab_size: positive,
  hidden_size: positive,
  intermediate_size: positive,
  num_hidden_layers: positive,
  num_attention_heads: positive,
  num_key_value_heads: positive.nullish(),
  head_dim: positive.nullish(),
  max_position_embeddings: positive.default(2048),
  rms_norm_eps: z.number().positive().default(1e-6),
  hidden_act: Activation.default('silu'),
  attention_bias: z.boolean().default(false),
  mlp_bias: z.boolean().default(false),
  tie_word_embeddings: z.boolean().default(false),
  ...RopeKeys,
});
export type LlamaConfig = z.infer<typeof LlamaConfig>;

/** What a relative of Llama does otherwise than Llama. */
export interface LlamaVariant {
  /** Which projections have biases; none by default. */
  readonly biases?: { readonly qkv?: boolean; readonly output?: boolean; readonly mlp?: boolean };
  /** RMS norms over every head of q and k, before they are rotated. */
  readonly headNorms?: boolean;
  /** How far each layer looks back; all the way by default. */
  readonly windowOf?: (layer: number) => Window;
  /** What takes the place of the gated MLP in some layers; undefined where nothing does. */
  readonly mlpOf?: (layer: number) => Mlp | undefined;
}

/** [rows, width] → [rows, width]; `name` is the layer's. */
export type Mlp = (f: Forward, x: Value, name: string) => Value;

/** LlamaModel: token ids → hidden states [batch · length, width]. */
export function llama(f: Forward, config: LlamaConfig, inputIds: Value): Value {
  const { attention_bias: attention, mlp_bias: mlp } = config;
  return llamaWith(f, config, inputIds, { biases: { qkv: attention, output: attention, mlp } });
}

export function llamaWith(
  f: Forward,
  config: LlamaConfig,
  inputIds: Value,
  variant: LlamaVariant,
): Value {
  const heads = headsOf(config);
  const rotary = rotaryTables(f, parseRope(config), heads.dim);
  const maskFor = causalMasks(f);
  const { vocab_size: vocabulary, hidden_size: width } = config;

  let x = embedding(f, inputIds, 'model.embed_tokens', vocabulary, width);
  for (let i = 0; i < config.num_hidden_layers; i++) {
    const layer = `model.layers.${i}`;
    const mask = maskFor(variant.windowOf?.(i));
    const mlp = variant.mlpOf?.(i) ?? denseMlp(config, variant.biases?.mlp);
    x = f.g.scope(layer, () =>
      decoderLayer(f, config, x, layer, heads, rotary, mask, mlp, variant),
    );
  }
  return rmsNorm(f, x, 'model.norm', config.rms_norm_eps);
}

function decoderLayer(
  f: Forward,
  config: LlamaConfig,
  x: Value,
  layer: string,
  heads: Heads,
  rotary: RotaryTables,
  mask: AttentionMask,
  mlp: Mlp,
  { biases = {}, headNorms = false }: LlamaVariant,
): Value {
  const { g } = f;
  const { rms_norm_eps: epsilon } = config;
  const project = (from: Value, name: string, outputs: number, bias = false) =>
    linear(f, from, `${layer}.self_attn.${name}`, outputs, { bias });
  const normHeads = (y: Value, name: string) =>
    headNorms
      ? perHead(f, y, heads.dim, (h) => rmsNorm(f, h, `${layer}.self_attn.${name}`, epsilon))
      : y;

  const normed = rmsNorm(f, x, `${layer}.input_layernorm`, epsilon);
  const q = project(normed, 'q_proj', heads.query * heads.dim, biases.qkv);
  const k = project(normed, 'k_proj', heads.keyValue * heads.dim, biases.qkv);
  const v = project(normed, 'v_proj', heads.keyValue * heads.dim, biases.qkv);
  const qkv = [normHeads(q, 'q_norm'), normHeads(k, 'k_norm'), v] as const;
  const mixed = groupedAttention(f, qkv, heads, { rotary, mask });
  const h = g.add(x, project(mixed, 'o_proj', config.hidden_size, biases.output));

  const hidden = rmsNorm(f, h, `${layer}.post_attention_layernorm`, epsilon);
  return g.add(h, mlp(f, hidden, layer));
}

function denseMlp(config: LlamaConfig, bias = false): Mlp {
  const { intermediate_size: inner, hidden_act: activation } = config;
  return (f, x, layer) => gatedMlp(f, x, `${layer}.mlp`, { inner, activation, bias });
}
