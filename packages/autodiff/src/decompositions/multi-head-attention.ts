import {
  floatAttribute,
  type GraphBuilder,
  int,
  intAttribute,
  intsAttribute,
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

/**
 * The inputs are query, key, value, their biases side by side, padding, score bias, past keys and
 * past values. Keys and values, or all three, may be packed in one input. The outputs are Y, and the
 * keys and the values with their past.
 */
const multiHeadAttention: Decomposition = (operator, g) => {
  const { node, inputs } = operator;
  if (inputs[8] || inputs[9]) throw unsupported(node, 'its past is a shared buffer');
  if ((node.outputs[3] ?? '') !== '') throw unsupported(node, 'its scores are an output');
  const fresh = projectedHeads(g, operator);
  const sameLength = fresh.queries.shape[2] === fresh.keys.shape[2];
  if (intAttribute(node, 'unidirectional', 0) === 1 && !sameLength) {
    throw unsupported(node, 'it is unidirectional over a sequence other than its own');
  }
  const operands = {
    queries: fresh.queries,
    keys: appendPast(g, inputs[6], fresh.keys),
    values: appendPast(g, inputs[7], fresh.values),
  };
  const mixed = attendMasked(g, node, operands, inputs[4], inputs[5]);
  return [mixed, operands.keys, operands.values];
};

function projectedHeads(g: GraphBuilder, { node, inputs }: OperatorView): AttentionOperands {
  const heads = intAttribute(node, 'num_heads', 0);
  const given = inputs.slice(0, 3).filter((x) => x !== undefined);
  const operands = namedOperands(
    node,
    given.flatMap((x) => inHeads(g, x, heads)),
  );
  // Keys that come with an axis for the heads were projected, bias included, somewhere else.
  const biased = given.every((x, i) => i === 0 || x.shape.length !== 4) ? 3 : 1;
  return inputs[3] ? addHeadBiases(g, operands, inputs[3], biased) : operands;
}

function namedOperands(node: Node, parts: readonly Value[]): AttentionOperands {
  const [queries, keys, values] = parts;
  if (queries && keys && values) return { queries, keys, values };
  throw unsupported(node, 'it has no key or no value');
}

/** The operands in one input, each [batch, heads, length, dim]. */
function inHeads(g: GraphBuilder, x: Value, heads: number): readonly Value[] {
  if (x.shape.length === 3) return [splitHeads(g, x, heads)];
  if (x.shape.length === 4) return [x];
  const [batch = 0, length = 0, , count = 0, dim = 0] = x.shape;
  const apart = g.transpose(x, [3, 0, 2, 1, 4]);
  const parts = g.ops('Split', [apart, g.int64(new Array(count).fill(1))], {}, { outputs: count });
  return parts.map((part) => g.reshape(part, [batch, heads, length, dim]));
}

/** Adds the first `count` of the three parts of `bias` to the operands. */
function addHeadBiases(
  g: GraphBuilder,
  { queries, keys, values }: AttentionOperands,
  bias: Value,
  count: number,
): AttentionOperands {
  const operands = [queries, keys, values];
  const widths = operands.map(({ shape }) => (shape[1] ?? 0) * (shape[3] ?? 0));
  const parts = g.ops('Split', [bias, g.int64(widths)], {}, { outputs: 3 });
  const add = (x: Value, i: number) => {
    const part = parts[i];
    return part && i < count ? g.add(x, g.reshape(part, [x.shape[1] ?? 0, 1, x.shape[3] ?? 0])) : x;
  };
  return { queries: add(queries, 0), keys: add(keys, 1), values: add(values, 2) };
}

/** The inputs are X, the projections side by side, their biases, padding, past and score bias. */
const packedAttention: Decomposition = ({ node, input, inputs }, g) => {
  if (inputs[6]) throw unsupported(node, 'its past is a shared buffer');
  if (intAttribute(node, 'do_rotary', 0) === 1) throw unsupported(node, 'it rotates (do_rotary)');
  const heads = intAttribute(node, 'num_heads', 0);
  const product = g.matMul(input(0), input(1));
  const projected = inputs[2] ? g.add(product, inputs[2]) : product;
  const third = (projected.shape.at(-1) ?? 0) / 3;
  const widths = g.int64(intsAttribute(node, 'qkv_hidden_sizes') ?? [third, third, third]);
  const parts = g.ops('Split', [projected, widths], { axis: int(-1) }, { outputs: 3 });
  const fresh = namedOperands(
    node,
    parts.map((part) => splitHeads(g, part, heads)),
  );
  const past = inputs[4] && g.ops('Split', [inputs[4], g.int64([1, 1])], {}, { outputs: 2 });
  const [pastKeys, pastValues] = past?.map((x) => g.reshape(x, x.shape.slice(1))) ?? [];
  const keys = appendPast(g, pastKeys, fresh.keys);
  const values = appendPast(g, pastValues, fresh.values);
  const mixed = attendMasked(g, node, { ...fresh, keys, values }, inputs[3], inputs[5]);
  return [mixed, presentOf(g, node, keys, values)];
};

/** Keys and values as one tensor [2, batch, heads, total, dim]. */
function presentOf(g: GraphBuilder, node: Node, keys: Value, values: Value): Value | undefined {
  if ((node.outputs[1] ?? '') === '') return undefined;
  const parts = [keys, values].map((x) => g.reshape(x, [1, ...x.shape]));
  return g.op('Concat', parts, { axis: int(0) });
}

function attendMasked(
  g: GraphBuilder,
  node: Node,
  operands: AttentionOperands,
  padding: Value | undefined,
  bias: Value | undefined,
): Value {
  const { dtype, shape } = operands.queries;
  const total = operands.keys.shape[2] ?? 0;
  const filter = floatAttribute(node, 'mask_filter_value', -10000);
  const hiddenPadding =
    padding &&
    hideWhereNot(g, notPadding(g, node, padding, shape, total), dtype, g.scalar(filter, dtype));
  const masks = addBias(g, causality(g, node, operands), hiddenPadding);
  const scale = floatAttribute(node, 'scale', 0) || 1 / Math.sqrt(shape[3] ?? 1);
  return mergeHeads(g, attend(g, operands, { scale, bias: addBias(g, masks, bias) }));
}

function causality(g: GraphBuilder, node: Node, { queries, keys }: AttentionOperands) {
  if (intAttribute(node, 'unidirectional', 0) === 0) return undefined;
  const [length = 0, total = 0] = [queries.shape[2], keys.shape[2]];
  return causalBias(g, queries.dtype, [length, total], { offset: total - length });
}

/**
 * Whether a key counts, as bool that broadcasts to [batch, heads, length, total]. The padding is
 * told by lengths [batch] or [3·batch + 2], of which the first are these; by ends and starts
 * [2·batch]; or by masks [batch, total] or [batch, length, total].
 */
function notPadding(
  g: GraphBuilder,
  node: Node,
  padding: Value,
  [batch = 0, , length = 0]: readonly number[],
  total: number,
): Value {
  const [first = 0] = padding.shape;
  const keysBeforeEntry = (start: number) => {
    const [from, to] = [g.int64([start]), g.int64([start + batch])];
    const entries = first === batch ? padding : g.op('Slice', [padding, from, to]);
    return keysBefore(g, perExample(g, entries), total);
  };
  switch (padding.shape.length) {
    case 1: {
      const beforeEnd = keysBeforeEntry(0);
      if (first !== 2 * batch) return beforeEnd;
      return g.op('And', [beforeEnd, g.op('Not', [keysBeforeEntry(batch)])]);
    }
    case 2:
    case 3: {
      const rows = padding.shape.length === 2 ? 1 : length;
      const kept = g.op('Greater', [padding, g.scalar(0, padding.dtype)]);
      return g.reshape(kept, [batch, 1, rows, total]);
    }
    default:
      throw unsupported(node, `its mask has the shape [${padding.shape}]`);
  }
}

export const multiHeadDecompositions = {
  'com.microsoft.Attention': packedAttention,
  'com.microsoft.MultiHeadAttention': multiHeadAttention,
} satisfies Record<string, Decomposition>;
