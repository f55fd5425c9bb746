import { int, type Value } from '@layersense/onnx-ir';
import { z } from 'zod';
import { Activation, activation } from '../blocks/activation.js';
import { groupedAttention, type Heads } from '../blocks/attention.js';
import type { AttentionMask } from '../blocks/causal-masks.js';
import { embedding } from '../blocks/embedding.js';
import { layerNorm } from '../blocks/layer-norm.js';
import { linear } from '../blocks/linear.js';
import { paddingMask } from '../blocks/padding-mask.js';
import { addPositionEmbedding } from '../blocks/position-embedding.js';
import type { Forward } from '../forward.js';
import type { Head } from '../model-task.js';

const positive = z.number().int().positive();

/** The keys of config.json that shape BERT; transformers' defaults. */
export const BertConfig = z.object({
  vocab_size: positive,
  max_position_embeddings: positive,
  type_vocab_size: positive.default(2),
  hidden_size: positive,
  intermediate_size: positive,
  num_hidden_layers: positive,
  num_attention_heads: positive,
  hidden_act: Activation.default('gelu'),
  layer_norm_eps: z.number().positive().default(1e-12),
  position_embedding_type: z.literal('absolute').default('absolute'),
  is_decoder: z.literal(false).default(false),
  add_cross_attention: z.literal(false).default(false),
  tie_word_embeddings: z.boolean().default(true),
});
export type BertConfig = z.infer<typeof BertConfig>;

/**
 * BertForMaskedLM: token ids → logits [batch · length, vocabulary], or BertForSequenceClassification:
 * → [batch, classes]. Adds the inputs `attention_mask` and `token_type_ids`, int64 [batch, length].
 */
export function bert(f: Forward, config: BertConfig, inputIds: Value, head: Head): Value {
  const { g } = f;
  const { batch, length } = f.shape;
  const mask = paddingMask(f, g.input('attention_mask', 'int64', [batch, length]));
  const segments = g.input('token_type_ids', 'int64', [batch, length]);

  let x = g.scope('bert.embeddings', () => embeddings(f, config, inputIds, segments));
  for (let i = 0; i < config.num_hidden_layers; i++) {
    const layer = `bert.encoder.layer.${i}`;
    x = g.scope(layer, () => block(f, config, x, layer, mask));
  }
  const { classes } = head;
  return classes === undefined
    ? g.scope('cls', () => tokenHead(f, config, x))
    : g.scope('classifier', () => classHead(f, config, x, classes));
}

function embeddings(f: Forward, config: BertConfig, inputIds: Value, segments: Value): Value {
  const { hidden_size: width, max_position_embeddings: positions } = config;
  const at = 'bert.embeddings';
  const words = embedding(f, inputIds, `${at}.word_embeddings`, config.vocab_size, width);
  const kinds = `${at}.token_type_embeddings`;
  const ofSegment = embedding(f, segments, kinds, config.type_vocab_size, width);
  const sum = f.g.add(words, ofSegment);
  const positioned = addPositionEmbedding(f, sum, `${at}.position_embeddings`, positions);
  return layerNorm(f, positioned, `${at}.LayerNorm`, { epsilon: config.layer_norm_eps });
}

/** Post-norm: each residual sum is normalised (Devlin et al. 2019). */
function block(
  f: Forward,
  config: BertConfig,
  x: Value,
  layer: string,
  mask: AttentionMask,
): Value {
  const { g } = f;
  const { hidden_size: width, num_attention_heads: count, layer_norm_eps: epsilon } = config;
  const heads: Heads = { query: count, keyValue: count, dim: width / count };
  const project = (input: Value, name: string, outputs: number) =>
    linear(f, input, `${layer}.${name}`, outputs, { bias: true });

  const q = project(x, 'attention.self.query', width);
  const k = project(x, 'attention.self.key', width);
  const v = project(x, 'attention.self.value', width);
  const attended = groupedAttention(f, [q, k, v], heads, { mask });
  const mixed = project(attended, 'attention.output.dense', width);
  const h = layerNorm(f, g.add(x, mixed), `${layer}.attention.output.LayerNorm`, { epsilon });

  const inner = project(h, 'intermediate.dense', config.intermediate_size);
  const outer = project(activation(f, config.hidden_act, inner), 'output.dense', width);
  return layerNorm(f, g.add(h, outer), `${layer}.output.LayerNorm`, { epsilon });
}

function tokenHead(f: Forward, config: BertConfig, x: Value): Value {
  const { vocab_size: vocabulary, hidden_size: width, layer_norm_eps: epsilon } = config;
  const at = 'cls.predictions';
  const dense = linear(f, x, `${at}.transform.dense`, width, { bias: true });
  const transformed = activation(f, config.hidden_act, dense);
  const normed = layerNorm(f, transformed, `${at}.transform.LayerNorm`, { epsilon });
  const tied = (name: string) => config.tie_word_embeddings && !f.has(`${at}.${name}`);
  const weight = tied('decoder.weight')
    ? 'bert.embeddings.word_embeddings.weight'
    : `${at}.decoder.weight`;
  // Since transformers 5 the decoder of an untied head has a bias of its own, and this one no use.
  if (!tied('decoder.bias') && f.has(`${at}.bias`)) f.declareUnused(`${at}.bias`, [vocabulary]);
  const bias = tied('decoder.bias') ? `${at}.bias` : `${at}.decoder.bias`;
  const inputs = [
    normed,
    f.parameter(weight, [vocabulary, width]),
    f.parameter(bias, [vocabulary]),
  ];
  return f.g.op('Gemm', inputs, { transB: int(1) });
}

/** The class logits, computed from the first token, [CLS]. */
function classHead(f: Forward, config: BertConfig, x: Value, classes: number): Value {
  const { g } = f;
  const { hidden_size: width } = config;
  const sequences = g.reshape(x, [f.shape.batch, f.shape.length, width]);
  const zero = g.constant({ dtype: 'int64', shape: [], data: [0] });
  const first = g.op('Gather', [sequences, zero], { axis: int(1) });
  const pooled = g.op('Tanh', [linear(f, first, 'bert.pooler.dense', width, { bias: true })]);
  return linear(f, pooled, 'classifier', classes, { bias: true });
}
