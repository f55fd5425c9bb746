import {
  elementCount,
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
  hideWhereNot,
  keysBefore,
  mergeHeads,
  perExample,
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
    bias: addBias(g, mask(g, operator, operands, past), operator.inputs[inputs.bias]),
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
  if (past > 0 && !unpadded(operator, past + (operator.input(0).shape[1] ?? 0))) {
    throw unsupported(
      node,
      'it has a past and seqlens_k is not a constant that says no example is padded',
    );
  }
}

/** Whether every example is known to have `total` tokens. */
function unpadded({ constantOrUndefined }: OperatorView, total: number): boolean {
  return constantOrUndefined(inputs.lengths)?.every((last) => last === total - 1) ?? false;
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

/** Rotates queries and keys. */
function embedPositions(
  g: GraphBuilder,
  operator: OperatorView,
  operands: AttentionOperands,
  past: number,
): AttentionOperands {
  const { node, input } = operator;
  if (!flag(node, 'do_rotary')) return operands;
  const interleaved = flag(node, 'rotary_interleaved');
  const length = operands.queries.shape[2] ?? 0;
  const rows = angleRows(g, operator, past, length);
  // [batch or 1, 1, length, R/2]: every head turns by the same angle.
  const perHead = (table: Value) => {
    const [half = 0] = table.shape.slice(-1);
    return g.reshape(table, [
      table.shape.length === 3 ? (table.shape[0] ?? 1) : 1,
      1,
      length,
      half,
    ]);
  };
  const [cos, sin] = [perHead(rows(input(inputs.cos))), perHead(rows(input(inputs.sin)))];
  const turn = (x: Value) => rotate(g, x, cos, sin, interleaved);
  return { ...operands, queries: turn(operands.queries), keys: turn(operands.keys) };
}

/**
 * Takes a table's rows for the new tokens: those after the past, unless positions are given. Of
 * given positions the kernel reads only the very first when there is no past, and counts on.
 */
function angleRows(
  g: GraphBuilder,
  operator: OperatorView,
  past: number,
  length: number,
): (table: Value) => Value {
  const given = operator.inputs[inputs.positions];
  if (!given) {
    const [start, end, axis] = [g.int64([past]), g.int64([past + length]), g.int64([0])];
    return (table) => g.op('Slice', [table, start, end, axis]);
  }
  const positions = past > 0 ? given : countOn(g, given, length);
  return (table) => g.op('Gather', [table, positions]);
}

/** The first element of `ids` and the integers after it. */
function countOn(g: GraphBuilder, ids: Value, length: number): Value {
  const flat = g.reshape(ids, [elementCount(ids.shape)]);
  const first = g.op('Slice', [flat, g.int64([0]), g.int64([1])]);
  return g.add(first, g.int64(Array.from({ length }, (_, i) => i)));
}

/** A causal mask hides the padding too, since that is on the right. */
function mask(
  g: GraphBuilder,
  operator: OperatorView,
  { queries, keys }: AttentionOperands,
  past: number,
): Value | undefined {
  const { node, input } = operator;
  const [length = 0, total = 0] = [queries.shape[2], keys.shape[2]];
  if (flag(node, 'causal', 1)) {
    const window = intAttribute(node, 'local_window_size', -1);
    return causalBias(g, queries.dtype, [length, total], { offset: past, window });
  }
  if (unpadded(operator, total)) return undefined;
  const lengths = g.add(input(inputs.lengths), g.scalar(1, 'int32'));
  return hideWhereNot(g, keysBefore(g, perExample(g, lengths), total), queries.dtype);
}

export const groupQueryDecompositions = {
  'com.microsoft.GroupQueryAttention': groupQueryAttention,
} satisfies Record<string, Decomposition>;
