import { intAttribute, intsAttribute } from '../graph/graph.js';
import { type InferenceRule, ShapeMismatch, type TensorType } from './inference-rule.js';
import { same } from './rule-forms.js';

/** The keys or values after those of the past, [batch, heads, past + new, dim]. */
function present(past: TensorType | undefined, fresh: TensorType): TensorType {
  const { dtype, shape } = fresh;
  return { dtype, shape: shape.with(2, (shape[2] ?? 0) + (past?.shape[2] ?? 0)) };
}

/** [batch, heads, length, dim] of [batch, length, heads · dim]. */
function headsOf({ dtype, shape }: TensorType, heads: number): TensorType {
  const [batch = 0, length = 0, width = 0] = shape;
  if (shape.length !== 3 || heads < 1 || width % heads !== 0) {
    throw new ShapeMismatch(`cannot split [${shape}] into ${heads} heads`);
  }
  return { dtype, shape: [batch, heads, length, width / heads] };
}

/** [batch, length, heads · dim] of [batch, heads, length, dim]. */
function merged({ dtype, shape }: TensorType): TensorType {
  const [batch = 0, heads = 0, length = 0, dim = 0] = shape;
  return { dtype, shape: [batch, length, heads * dim] };
}

/** Scores, [batch, heads, query length, key length]. */
function scores(queries: TensorType, keys: TensorType): TensorType {
  return { dtype: queries.dtype, shape: queries.shape.with(3, keys.shape[2] ?? 0) };
}

const groupQueryAttention: InferenceRule = ({ node, input, has }) => {
  const queryHeads = intAttribute(node, 'num_heads', 0);
  const keyHeads = intAttribute(node, 'kv_num_heads', 0);
  const query = has(1)
    ? headsOf(input(0), queryHeads)
    : headsOf(input(0), queryHeads + 2 * keyHeads);
  const fresh: TensorType = { ...query, shape: query.shape.with(1, keyHeads) };
  const queries: TensorType = { ...query, shape: query.shape.with(1, queryHeads) };
  const keys = present(has(3) ? input(3) : undefined, fresh);
  return [merged(queries), keys, keys, scores(queries, keys)];
};

/** The axes of a packed operand, [batch, length, heads, operands, dim], without the operands. */
function unpacked({ dtype, shape }: TensorType): TensorType {
  const [batch = 0, length = 0, heads = 0, , dim = 0] = shape;
  return { dtype, shape: [batch, heads, length, dim] };
}

const multiHeadAttention: InferenceRule = ({ node, input, has }) => {
  const heads = intAttribute(node, 'num_heads', 0);
  const operand = (i: number): TensorType => {
    const type = input(has(i) ? i : has(1) ? 1 : 0);
    if (type.shape.length === 5) return unpacked(type);
    return type.shape.length === 4 ? type : headsOf(type, heads);
  };
  const queries = operand(0);
  const values = present(has(7) ? input(7) : undefined, operand(2));
  const keys = present(has(6) ? input(6) : undefined, operand(1));
  const mixed = { ...queries, shape: queries.shape.with(3, values.shape[3] ?? 0) };
  return [merged(mixed), keys, values, scores(queries, keys)];
};

/** The operator's one projection makes queries, keys and values. */
const packedAttention: InferenceRule = ({ node, input, has }) => {
  const { dtype, shape } = input(0);
  const [batch = 0, length = 0] = shape;
  const heads = intAttribute(node, 'num_heads', 0);
  const third = (input(1).shape[1] ?? 0) / 3;
  const [, keyWidth = third, valueWidth = third] = intsAttribute(node, 'qkv_hidden_sizes') ?? [];
  const past = has(4) ? (input(4).shape[3] ?? 0) : 0;
  return [
    { dtype, shape: [batch, length, valueWidth] },
    { dtype, shape: [2, batch, heads, past + length, keyWidth / heads] },
  ];
};

const attention: InferenceRule = ({ node, input, has }) => {
  const perHead = input(0).shape.length === 4;
  const operand = (i: number, heads: string): TensorType =>
    perHead ? input(i) : headsOf(input(i), intAttribute(node, heads, 0));
  const queries = operand(0, 'q_num_heads');
  const keys = present(has(4) ? input(4) : undefined, operand(1, 'kv_num_heads'));
  const values = present(has(5) ? input(5) : undefined, operand(2, 'kv_num_heads'));
  const mixed = { ...queries, shape: queries.shape.with(3, values.shape[3] ?? 0) };
  return [perHead ? mixed : merged(mixed), keys, values, scores(queries, keys)];
};

export const attentionInference = {
  Attention: attention,
  RotaryEmbedding: same,
  'com.microsoft.Attention': packedAttention,
  'com.microsoft.GroupQueryAttention': groupQueryAttention,
  'com.microsoft.MultiHeadAttention': multiHeadAttention,
  'com.microsoft.RotaryEmbedding': same,
} satisfies Record<string, InferenceRule>;
