import { floatAttribute, intAttribute, normalizeAxis } from '@layersense/onnx-ir';
import type { NodeView, VjpRule } from '../vjp.js';
import { firstInput } from './rule-forms.js';

/** The one axis that is normalised; the last by default (since opset 13). */
function normalizedAxis(node: NodeView): readonly number[] {
  return [normalizeAxis(intAttribute(node.node, 'axis', -1), node.output(0).shape.length)];
}

/**
 * Y = γ·X/√s with s = mean X² + ε  ⇒  dX = (G − X·mean(G·X)/s)/√s with G = γ·dY,
 * dγ = Σ dY·X/√s
 *
 * s is computed again: WebGPU leaves the kernel's second output, 1/√s, unwritten.
 */
const rootMeanSquareNorm: VjpRule = (node, [dy], g) => {
  if (!dy) return [undefined, undefined];
  const [x, scale] = [node.input(0), node.input(1)];
  const first = normalizeAxis(intAttribute(node.node, 'axis', -1), x.shape.length);
  const axes = x.shape.flatMap((_, axis) => (axis < first ? [] : [axis]));
  // The kernel holds ε in float32.
  const epsilon = g.scalar(Math.fround(floatAttribute(node.node, 'epsilon', 1e-5)), x.dtype);
  const power = g.add(g.reduceMean(g.mul(x, x), axes, true), epsilon);
  const deviation = g.op('Sqrt', [power]);
  const unscaled = node.constantOrUndefined(1)?.every((gamma) => gamma === 1) ?? false;
  const pullX = () => {
    const gradient = unscaled ? dy : g.mul(dy, scale);
    const along = g.div(g.reduceMean(g.mul(gradient, x), axes, true), power);
    return g.div(g.sub(gradient, g.mul(x, along)), deviation);
  };
  const pullScale = () => g.sumTo(g.mul(dy, g.div(x, deviation)), scale.shape);
  return [node.needs(0) ? pullX() : undefined, node.needs(1) ? pullScale() : undefined];
};

export const normalizationRules = {
  SimplifiedLayerNormalization: rootMeanSquareNorm,

  /** Y = softmax X  ⇒  dX = Y·(dY − Σ dY·Y) */
  Softmax: firstInput((node, dy, g) => {
    const y = node.output(0);
    const mean = g.reduceSum(g.mul(dy, y), normalizedAxis(node), true);
    return g.mul(y, g.sub(dy, mean));
  }),

  /** Y = ln softmax X  ⇒  dX = dY − e^Y·Σ dY */
  LogSoftmax: firstInput((node, dy, g) => {
    const probabilities = g.op('Exp', [node.output(0)]);
    return g.sub(dy, g.mul(probabilities, g.reduceSum(dy, normalizedAxis(node), true)));
  }),
} satisfies Record<string, VjpRule>;
