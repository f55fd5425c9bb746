import { intAttribute } from '../graph/graph.js';
import { parseEinsum } from './einsum-equation.js';
import { type InferenceRule, ShapeMismatch } from './inference-rule.js';
import { broadcastShapes } from './shapes.js';

const matMul: InferenceRule = ({ input }) => {
  const [a, b] = [input(0), input(1)];
  return [{ dtype: a.dtype, shape: matMulShape(a.shape, b.shape) }];
};

/** A vector operand counts as a row on the left, as a column on the right, and its axis is dropped. */
function matMulShape(a: readonly number[], b: readonly number[]): readonly number[] {
  if (a.length === 1) return matMulShape([1, ...a], b).toSpliced(-2, 1);
  if (b.length === 1) return matMulShape(a, [...b, 1]).slice(0, -1);
  const [m, k] = a.slice(-2);
  const [k2, n] = b.slice(-2);
  if (a.length < 2 || b.length < 2 || m === undefined || n === undefined || k !== k2) {
    throw new ShapeMismatch(`cannot multiply [${a}] by [${b}]`);
  }
  return [...broadcastShapes(a.slice(0, -2), b.slice(0, -2)), m, n];
}

const swapTrailing = (shape: readonly number[], swap: boolean): readonly number[] =>
  swap ? [...shape.slice(0, -2), ...shape.slice(-2).reverse()] : shape;

/** Both operators transpose their last two axes by the same attributes. */
const gemm: InferenceRule = ({ node, input }) => {
  const a = swapTrailing(input(0).shape, intAttribute(node, 'transA', 0) === 1);
  const b = swapTrailing(input(1).shape, intAttribute(node, 'transB', 0) === 1);
  return [{ dtype: input(0).dtype, shape: matMulShape(a, b) }];
};

/** An axis of length 1 is broadcast against the others of its label. */
const einsum: InferenceRule = ({ node, input }) => {
  const text = node.attributes.equation;
  const operands = node.inputs.map((_, i) => input(i));
  const ranks = operands.map(({ shape }) => shape.length);
  const equation = text?.type === 'string' ? parseEinsum(text.value, ranks) : undefined;
  if (!equation) throw new ShapeMismatch(`its equation does not fit operands of ranks ${ranks}`);
  const sizes = new Map<string, number>();
  for (const [i, labels] of equation.operands.entries()) {
    for (const [axis, label] of labels.entries()) {
      const [known = 1, size = 1] = [sizes.get(label), operands[i]?.shape[axis]];
      if (known !== 1 && size !== 1 && known !== size) {
        throw new ShapeMismatch(`${label} is ${known} and ${size}`);
      }
      sizes.set(label, known === 1 ? size : known);
    }
  }
  return [{ dtype: input(0).dtype, shape: equation.result.map((label) => sizes.get(label) ?? 1) }];
};

export const linalgInference = {
  Einsum: einsum,
  Gemm: gemm,
  MatMul: matMul,
  'com.microsoft.FusedMatMul': gemm,
} satisfies Record<string, InferenceRule>;
