import { floatAttribute, type GraphBuilder, intAttribute, type Value } from '@layersense/onnx-ir';
import { unsupported } from '../unsupported.js';
import type { OperatorView } from '../vjp.js';
import {
  type AttentionOperands,
  addBias,
  appendPast,
  attend,
  causalBias,
  hidden,
  hideWhereNot,
  keysBefore,
  mergeHeads,
  perExample,
  splitHeads,
} from './attention.js';
import type { Decomposition } from './decomposition.js';

/**
 * Takes Q, K, V, mask, past keys, past values and lengths of the keys. Gives Y, and the keys and the
 * values with their past. A query that may attend to no key gets zeros.
 */
const attention: Decomposition = (operator, g) => {
  const { node, input, inputs } = operator;
  if ((node.outputs[3] ?? '') !== '') throw unsupported(node, 'its scores are an output');
  const heads = (i: number, name: string) => perHead(g, input(i), intAttribute(node, name, 0));
  const operands = {
    queries: heads(0, 'q_num_heads'),
    keys: appendPast(g, inputs[4], heads(1, 'kv_num_heads')),
    values: appendPast(g, inputs[5], heads(2, 'kv_num_heads')),
  };
  const { bias, attending } = visibility(g, operator, operands);
  const mixed = attend(g, operands, {
    scale: floatAttribute(node, 'scale', 0) || 1 / Math.sqrt(operands.queries.shape[3] ?? 1),
    softcap: floatAttribute(node, 'softcap', 0),
    bias,
  });
  const y = attending ? g.mul(mixed, attending) : mixed;
  return [input(0).shape.length === 3 ? mergeHeads(g, y) : y, operands.keys, operands.values];
};

const perHead = (g: GraphBuilder, x: Value, heads: number): Value =>
  x.shape.length === 3 ? splitHeads(g, x, heads) : x;

interface Visibility {
  readonly bias: Value | undefined;
  /** 1 for the queries that attend to any key, else 0; absent where all of them do. */
  readonly attending?: Value;
}

function visibility(
  g: GraphBuilder,
  operator: OperatorView,
  operands: AttentionOperands,
): Visibility {
  const { inputs } = operator;
  const { dtype } = operands.queries;
  const sequence = inputs[6]
    ? lengthBias(g, operator, operands, inputs[6])
    : causality(g, operator, operands);
  const mask = inputs[3] && maskBias(g, operator, operands, inputs[3]);
  const bias = addBias(g, mask, sequence);
  if (!bias || !(mask || inputs[6])) return { bias };
  const none = hidden(g, dtype);
  const best = g.reduce('ReduceMax', bias, [-1], true);
  return {
    // What is hidden twice, or by −∞, must not make a row of NaN.
    bias: g.op('Max', [bias, none]),
    attending: g.cast(g.op('Greater', [best, none]), dtype),
  };
}

const isCausal = ({ node }: OperatorView): boolean => intAttribute(node, 'is_causal', 0) === 1;

function causality(
  g: GraphBuilder,
  operator: OperatorView,
  { queries, keys }: AttentionOperands,
): Value | undefined {
  if (!isCausal(operator)) return undefined;
  const size = [queries.shape[2] ?? 0, keys.shape[2] ?? 0] as const;
  return causalBias(g, queries.dtype, size, { offset: operator.inputs[4]?.shape[2] ?? 0 });
}

/** Examples with lengths of their own: the last query is at the last position of its example. */
function lengthBias(
  g: GraphBuilder,
  operator: OperatorView,
  { queries, keys }: AttentionOperands,
  lengths: Value,
): Value {
  const length = queries.shape[2] ?? 0;
  const steps = g.constant({
    dtype: lengths.dtype,
    shape: [length, 1],
    data: Array.from({ length }, (_, i) => i + 1 - length),
  });
  const ends = perExample(g, lengths);
  const visible = isCausal(operator) ? g.add(ends, steps) : ends;
  return hideWhereNot(g, keysBefore(g, visible, keys.shape[2] ?? 0), queries.dtype);
}

/** A boolean mask says what counts; any other is added to the scores. */
function maskBias(
  g: GraphBuilder,
  { node }: OperatorView,
  { queries, keys }: AttentionOperands,
  mask: Value,
): Value {
  if (mask.shape.at(-1) !== keys.shape[2]) {
    throw unsupported(node, `its mask covers ${mask.shape.at(-1)} of ${keys.shape[2]} keys`);
  }
  return mask.dtype === 'bool' ? hideWhereNot(g, mask, queries.dtype) : mask;
}

export const attentionDecompositions = {
  Attention: attention,
} satisfies Record<string, Decomposition>;
