import { intAttribute, normalizeAxis } from '@layersense/onnx-ir';
import type { NodeView, VjpRule } from '../vjp.js';
import { firstInput } from './rule-forms.js';

/** The one axis that is normalised; the last by default (since opset 13). */
function normalizedAxis(node: NodeView): readonly number[] {
  return [normalizeAxis(intAttribute(node.node, 'axis', -1), node.output(0).shape.length)];
}

export const normalizationRules = {
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
