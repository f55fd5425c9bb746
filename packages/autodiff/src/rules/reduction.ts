import {
  elementCount,
  type GraphBuilder,
  int,
  intAttribute,
  intsAttribute,
  normalizeAxis,
  type Value,
} from '@layersense/onnx-ir';
import type { NodeView, VjpRule } from '../vjp.js';
import { firstInput, scale } from './rule-forms.js';

/** The reduced axes: an input since opset 13 or 18, an attribute before, all axes where absent. */
function reducedAxes(node: NodeView): readonly number[] {
  const rank = node.input(0).shape.length;
  const axes = (node.inputs[1] ? node.constant(1) : intsAttribute(node.node, 'axes')) ?? [];
  const all = axes.length === 0 && intAttribute(node.node, 'noop_with_empty_axes', 0) === 0;
  return all
    ? Array.from({ length: rank }, (_, axis) => axis)
    : axes.map((axis) => normalizeAxis(axis, rank));
}

/** The input's shape with 1 for every reduced axis: in it, Y and dY broadcast against X. */
function keptShape(node: NodeView): readonly number[] {
  const axes = reducedAxes(node);
  return node.input(0).shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
}

const expand = (g: GraphBuilder, x: Value, shape: readonly number[]): Value =>
  g.op('Expand', [x, g.int64(shape)]);

export const reductionRules = {
  /** Y = Σ X  ⇒  dX = dY along the reduced axes */
  ReduceSum: firstInput((node, dy, g) =>
    expand(g, g.reshape(dy, keptShape(node)), node.input(0).shape),
  ),

  /** Y = (1/n)·Σ X  ⇒  dX = dY/n along the reduced axes */
  ReduceMean: firstInput((node, dy, g) => {
    const { shape } = node.input(0);
    const n = elementCount(shape) / elementCount(keptShape(node));
    return expand(g, scale(g, g.reshape(dy, keptShape(node)), 1 / n), shape);
  }),

  /** Y = Σ X²  ⇒  dX = 2·X·dY */
  ReduceSumSquare: firstInput((node, dy, g) =>
    g.mul(node.input(0), scale(g, g.reshape(dy, keptShape(node)), 2)),
  ),

  /** Y = max X  ⇒  dX = dY·M / Σ M,  M = [X = Y]: equal maxima share the cotangent evenly */
  ReduceMax: firstInput((node, dy, g) => {
    const kept = keptShape(node);
    const attained = g.op('Equal', [node.input(0), g.reshape(node.output(0), kept)]);
    const mask = g.cast(attained, dy.dtype);
    const count = g.reduceSum(mask, reducedAxes(node), true);
    return g.mul(mask, g.div(g.reshape(dy, kept), count));
  }),

  /** Y = ln Σ eˣ  ⇒  dX = dY·e^(X − Y) */
  ReduceLogSumExp: firstInput((node, dy, g) => {
    const kept = keptShape(node);
    const shifted = g.sub(node.input(0), g.reshape(node.output(0), kept));
    return g.mul(g.op('Exp', [shifted]), g.reshape(dy, kept));
  }),

  /** Yᵢ = Σ_{j ≤ i} Xⱼ  ⇒  dXⱼ = Σ_{i ≥ j} dYᵢ: the same sum, run from the other end */
  CumSum: firstInput((node, dy, g) =>
    g.op('CumSum', [dy, node.input(1)], {
      exclusive: int(intAttribute(node.node, 'exclusive', 0)),
      reverse: int(1 - intAttribute(node.node, 'reverse', 0)),
    }),
  ),
} satisfies Record<string, VjpRule>;
