import type { GraphBuilder, Value } from '@layersense/onnx-ir';
import type { NodeView, VjpRule } from '../vjp.js';

/**
 * A rule for an operator with one output of which only input 0 carries a cotangent: its other
 * inputs are shapes, axes, indices or bounds.
 */
export function firstInput(pull: (node: NodeView, dy: Value, g: GraphBuilder) => Value): VjpRule {
  return (node, [dy], g) =>
    node.inputs.map((_, i) => (i === 0 && dy && node.needs(0) ? pull(node, dy, g) : undefined));
}

/** The operands of an elementwise operator, its result, and the cotangent of the result. */
interface ElementwisePoint {
  readonly g: GraphBuilder;
  readonly node: NodeView;
  readonly a: Value;
  readonly b: Value;
  readonly y: Value;
  readonly dy: Value;
  /**
   * Undoes broadcasting early. `elementwise` does it to every result anyway; a partial that goes
   * on with a linear step calls this first, so that the step runs on the smaller tensor.
   */
  unbroadcast(product: Value): Value;
}

type Partial = (point: ElementwisePoint) => Value;

/**
 * A rule from one partial per input (`undefined`: that input carries no cotangent), each dY·∂Y/∂X
 * in the shape of Y. Broadcasting is undone here and nowhere else.
 */
export function elementwise(...partials: readonly (Partial | undefined)[]): VjpRule {
  return (node, [dy], g) =>
    node.inputs.map((x, i) => {
      const partial = partials[i];
      if (!x || !dy || !partial || !node.needs(i)) return undefined;
      const unbroadcast = (product: Value) => g.sumTo(product, x.shape);
      const point: ElementwisePoint = {
        g,
        node,
        dy,
        unbroadcast,
        a: node.input(0),
        y: node.output(0),
        // Read on demand: a unary operator has no second operand.
        get b() {
          return node.input(1);
        },
      };
      return unbroadcast(partial(point));
    });
}

/** `x` times a constant; `x` itself for 1. */
export function scale(g: GraphBuilder, x: Value, factor: number): Value {
  return factor === 1 ? x : g.mul(x, g.scalar(factor, x.dtype));
}

/** Zeros that ONNX Runtime makes when it needs them: no element is stored in the model. */
export function zeros(g: GraphBuilder, like: Pick<Value, 'dtype' | 'shape'>): Value {
  return g.op('Expand', [g.scalar(0, like.dtype), g.int64(like.shape)], {}, { name: 'zeros' });
}
