import {
  floatAttribute,
  type GraphBuilder,
  int,
  intAttribute,
  type Node,
  type Value,
} from '@layersense/onnx-ir';
import { unsupported } from '../unsupported.js';
import type { OperatorView } from '../vjp.js';
import {
  type AttentionOperands,
  addBias,
  appendPast,
  attend,
  causalBias,
  mergeHeads,
  splitHeads,
} from './attention.js';
import type { Decomposition } from './decomposition.js';
import { rms } from './normalization.js';
import { rotate } from './rotary-embedding.js';

/** Positions of the operator's inputs. */
const inputs = {
  query: 0,
  key: 1,
  value: 2,
  pastKey: 3,
  pastValue: 4,
  lengths: 5,
  cos: 7,
  sin: 8,
  positions: 9,
  bias: 10,
  sink: 11,
  keyScale: 12,
  valueScale: 13,
  queryNorm: 14,
  keyNorm: 15,
} as const;

/**
 * Causal attention whose query heads share key heads, with rotary embeddings, a past, a window, a
 * soft cap and sinks. Outputs Y, the keys and the values with their past.
 *
 * Examples may be padded on the right. Rows of padding hold what the formula gives; the kernel
 * leaves them undefined.
 */
const groupQueryAttention: Decomposition = (operator, g) => {
  const { node } = operator;
  const past = operator.inputs[inputs.pastKey]?.shape[2] ?? 0;
  refuse(operator, past);
  const fresh = embedPositions(
    g,
    operator,
    normalizeHeads(g, operator, project(g, operator)),
    past,
  );
  const operands = {
    queries: fresh.queries,
    keys: appendPast(g, operator.inputs[inputs.pastKey], fresh.keys),
    values: appendPast(g, operator.inputs[inputs.pastValue], fresh.values),
  };
  const mixed = attend(g, operands, {
    scale: floatAttribute(node, 'scale', 0) || 1 / Math.sqrt(fresh.queries.shape[3] ?? 1),
    softcap: floatAttribute(node, 'softcap', 0),
    bias: addBias(g, mask(g, node, operands, past), operator.inputs[inputs.bias]),
    sink: operator.inputs[inputs.sink] ?? (flag(node, 'smooth_softmax') ? 'zero' : undefined),
  });
  return [mergeHeads(g, mixed), operands.keys, operands.values];
};

const flag = (node: Node, name: string, fallback = 0): boolean =>
  intAttribute(node, name, fallback) === 1;

function refuse(operator: OperatorView, past: number): void {
  const { node } = operator;
  if (operator.inputs[inputs.keyScale] || operator.inputs[inputs.valueScale]) {
    throw unsupported(node, 'its past is quantised');
  }
  if (flag(node, 'sliding_window_cache')) {
    throw unsupported(node, 'its past is a window of the sequence (sliding_window_cache)');
  }
  if ((node.outputs[3] ?? '') !== '') throw unsupported(node, 'its scores are an output');
  if (past === 0 && flag(node, 'causal', 1)) return;
  const last = past + (operator.input(0).shape[1] ?? 0) - 1;
  if (!operator.constantOrUndefined(inputs.lengths)?.every((length) => length === last)) {
    const variant = past > 0 ? 'it has a past' : 'it is not causal';
    throw unsupported(
      node,
      `${variant} and seqlens_k is not a constant that says no example is padded`,
    );
  }
}

/** The heads of the new tokens, from three inputs or from one that holds them side by side. */
function project(
  g: GraphBuilder,
  { node, input, inputs: present }: OperatorView,
): AttentionOperands {
  const heads = intAttribute(node, 'num_heads', 0);
  const keyHeads = intAttribute(node, 'kv_num_heads', 0);
  if (present[inputs.key]) {
    return {
      queries: splitHeads(g, input(inputs.query), heads),
      keys: splitHeads(g, input(inputs.key), keyHeads),
      values: splitHeads(g, input(inputs.value), keyHeads),
    };
  }
  const packed = splitHeads(g, input(inputs.query), heads + 2 * keyHeads);
  const sizes = g.int64([heads, keyHeads, keyHeads]);
  const [queries, keys, values] = g.ops('Split', [packed, sizes], { axis: int(1) }, { outputs: 3 });
  if (!queries || !keys || !values) throw unsupported(node, 'its packed input cannot be split');
  return { queries, keys, values };
}

/** Root-mean-square normalisation of every query and key. */
function normalizeHeads(
  g: GraphBuilder,
  operator: OperatorView,
  operands: AttentionOperands,
): AttentionOperands {
  const epsilon = floatAttribute(operator.node, 'qk_norm_epsilon', 1e-6);
  const normalize = (x: Value, gain: Value | undefined) =>
    gain ? g.mul(rms(g, x, [3], epsilon).y, gain) : x;
  return {
    queries: normalize(operands.queries, operator.inputs[inputs.queryNorm]),
    keys: normalize(operands.keys, operator.inputs[inputs.keyNorm]),
    values: operands.values,
  };
}

/** Rotates queries and keys, at the positions after the past unless positions are given. */
function embedPositions(
  g: GraphBuilder,
  { node, input, inputs: present }: OperatorView,
  operands: AttentionOperands,
  past: number,
): AttentionOperands {
  if (!flag(node, 'do_rotary')) return operands;
  const length = operands.queries.shape[2] ?? 0;
  const given = present[inputs.positions];
  const row = (table: Value) =>
    given
      ? g.op('Gather', [table, given])
      : g.op('Slice', [table, g.int64([past]), g.int64([past + length]), g.int64([0])]);
  // [batch or 1, 1, length, R/2]: every head turns by the same angle.
  const angles = (i: number) => {
    const rows = row(input(i));
    const [half = 0] = rows.shape.slice(-1);
    return g.reshape(rows, [given?.shape[0] ?? 1, 1, length, half]);
  };
  const [cos, sin] = [angles(inputs.cos), angles(inputs.sin)];
  const turn = (x: Value) => rotate(g, x, cos, sin, flag(node, 'rotary_interleaved'));
  return { ...operands, queries: turn(operands.queries), keys: turn(operands.keys) };
}

function mask(
  g: GraphBuilder,
  node: Node,
  { queries, keys }: AttentionOperands,
  past: number,
): Value | undefined {
  if (!flag(node, 'causal', 1)) return undefined;
  const window = intAttribute(node, 'local_window_size', -1);
  const size = [queries.shape[2] ?? 0, keys.shape[2] ?? 0] as const;
  return causalBias(g, queries.dtype, size, { offset: past, window });
}

export const groupQueryDecompositions = {
  'com.microsoft.GroupQueryAttention': groupQueryAttention,
} satisfies Record<string, Decomposition>;
