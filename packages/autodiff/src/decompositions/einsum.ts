import {
  type EinsumEquation,
  elementCount,
  type GraphBuilder,
  int,
  type Node,
  parseEinsum,
  type Value,
} from '@layersense/onnx-ir';
import { unsupported } from '../unsupported.js';
import type { Decomposition } from './decomposition.js';

/** A value whose axes have names. */
interface Labelled {
  readonly x: Value;
  readonly labels: readonly string[];
}

/**
 * Sums of one operand, and products of two: what is summed over in both becomes a `MatMul`, or a
 * `Gemm` where no axis is a batch axis, so that a weight is used as it is stored.
 */
const einsum: Decomposition = ({ node, inputs }, g) => {
  const values = inputs.filter((x) => x !== undefined);
  const equation = readEquation(node, values);
  const operands = values.map((x, i) => sumPrivate(g, node, equation, x, i));
  const [a, b, ...more] = operands;
  if (!a || more.length > 0) throw unsupported(node, `it has ${values.length} operands`);
  const y = b ? product(g, node, a, b, equation.result) : a;
  return [inOrder(g, y, equation.result)];
};

function readEquation(node: Node, values: readonly Value[]): EinsumEquation {
  const { equation } = node.attributes;
  const ranks = values.map(({ shape }) => shape.length);
  const parsed = equation?.type === 'string' ? parseEinsum(equation.value, ranks) : undefined;
  if (!parsed) throw unsupported(node, 'its equation does not fit its operands');
  return parsed;
}

/** Sums an operand over the labels that occur nowhere else. */
function sumPrivate(
  g: GraphBuilder,
  node: Node,
  { operands, result }: EinsumEquation,
  x: Value,
  position: number,
): Labelled {
  const labels = operands[position] ?? [];
  if (new Set(labels).size < labels.length) throw unsupported(node, 'it takes a diagonal');
  const elsewhere = [...operands.filter((_, i) => i !== position).flat(), ...result];
  const axes = labels.flatMap((label, axis) => (elsewhere.includes(label) ? [] : [axis]));
  if (axes.length === 0) return { x, labels };
  return {
    x: g.reduceSum(x, axes),
    labels: labels.filter((label) => elsewhere.includes(label)),
  };
}

function product(
  g: GraphBuilder,
  node: Node,
  a: Labelled,
  b: Labelled,
  result: readonly string[],
): Labelled {
  const shared = a.labels.filter((label) => b.labels.includes(label));
  const broadcast = shared.find((label) => sizeOf(a, label) !== sizeOf(b, label));
  if (broadcast) throw unsupported(node, `it broadcasts ${broadcast}`);
  const summed = shared.filter((label) => !result.includes(label));
  if (summed.length === 0) return elementwiseProduct(g, a, b, result);
  const batch = shared.filter((label) => result.includes(label));
  return batch.length === 0
    ? weightProduct(g, a, b, summed)
    : batchedProduct(g, a, b, batch, summed);
}

/** Nothing is summed: both operands are stretched to the axes of the result. */
function elementwiseProduct(
  g: GraphBuilder,
  a: Labelled,
  b: Labelled,
  result: readonly string[],
): Labelled {
  const stretched = (operand: Labelled): Value => {
    const own = result.filter((label) => operand.labels.includes(label));
    const shape = result.map((label) => (own.includes(label) ? sizeOf(operand, label) : 1));
    return g.reshape(inOrder(g, operand, own), shape);
  };
  return { x: g.mul(stretched(a), stretched(b)), labels: result };
}

/** [rows, summed] by [summed, columns], or by [columns, summed] as it lies. */
function weightProduct(
  g: GraphBuilder,
  a: Labelled,
  b: Labelled,
  summed: readonly string[],
): Labelled {
  const [rows, columns] = [without(a, summed), without(b, summed)];
  const transposed = sameOrder(b.labels, [...columns, ...summed]);
  const left = inOrder(g, a, [...rows, ...summed]);
  const right = transposed ? b.x : inOrder(g, b, [...summed, ...columns]);
  const [m, n, k] = [count(a, rows), count(b, columns), count(a, summed)];
  const matrices = [g.reshape(left, [m, k]), g.reshape(right, transposed ? [n, k] : [k, n])];
  const y = g.op('Gemm', matrices, transposed ? { transB: int(1) } : {});
  return split(g, y, [
    [a, rows],
    [b, columns],
  ]);
}

/** [batch, rows, summed] by [batch, summed, columns]. */
function batchedProduct(
  g: GraphBuilder,
  a: Labelled,
  b: Labelled,
  batch: readonly string[],
  summed: readonly string[],
): Labelled {
  const [rows, columns] = [without(a, [...batch, ...summed]), without(b, [...batch, ...summed])];
  const sizes = batch.map((label) => sizeOf(a, label));
  const [m, n, k] = [count(a, rows), count(b, columns), count(a, summed)];
  const left = g.reshape(inOrder(g, a, [...batch, ...rows, ...summed]), [...sizes, m, k]);
  const right = g.reshape(inOrder(g, b, [...batch, ...summed, ...columns]), [...sizes, k, n]);
  return split(g, g.matMul(left, right), [
    [a, batch],
    [a, rows],
    [b, columns],
  ]);
}

const sizeOf = ({ x, labels }: Labelled, label: string): number =>
  x.shape[labels.indexOf(label)] ?? 1;

const count = (operand: Labelled, labels: readonly string[]): number =>
  elementCount(labels.map((label) => sizeOf(operand, label)));

const without = ({ labels }: Labelled, removed: readonly string[]): readonly string[] =>
  labels.filter((label) => !removed.includes(label));

const sameOrder = (a: readonly string[], b: readonly string[]): boolean =>
  a.every((label, i) => label === b[i]);

/** `x` with its axes in the order of `labels`, which are its own. */
function inOrder(g: GraphBuilder, { x, labels }: Labelled, order: readonly string[]): Value {
  if (sameOrder(labels, order)) return x;
  return g.transpose(
    x,
    order.map((label) => labels.indexOf(label)),
  );
}

/** Gives every label the axis that folding them took away. */
function split(
  g: GraphBuilder,
  x: Value,
  parts: readonly (readonly [from: Labelled, labels: readonly string[]])[],
): Labelled {
  const shape = parts.flatMap(([from, labels]) => labels.map((label) => sizeOf(from, label)));
  return { x: g.reshape(x, shape), labels: parts.flatMap(([, labels]) => labels) };
}

export const einsumDecompositions = { Einsum: einsum } satisfies Record<string, Decomposition>;
