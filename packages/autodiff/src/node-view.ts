import {
  type GraphBuilder,
  GraphError,
  type Node,
  operatorKey,
  type Value,
} from '@layersense/onnx-ir';
import type { NodeView, OperatorView } from './vjp.js';

/** The operands of `node`, which need not be part of `g` itself. */
export function viewOperator(g: GraphBuilder, node: Node): OperatorView {
  const inputs = node.inputs.map((name) => (name === '' ? undefined : g.value(name)));
  const constantOrUndefined = (i: number) => g.constantValues(node.inputs[i] ?? '');
  return {
    node,
    inputs,
    input: (i) => inputs[i] ?? missing(node, `input ${i} is absent`),
    constant: (i) => constantOrUndefined(i) ?? missing(node, `input ${i} must be a constant`),
    constantOrUndefined,
  };
}

/** `node` of `g` as its rule sees it; `needs` answers for an input by its value's name. */
export function viewNode(
  g: GraphBuilder,
  node: Node,
  needs: (valueName: string) => boolean,
): NodeView {
  const view = viewOperator(g, node);
  const find = (name: string | undefined): Value | undefined =>
    name === undefined ? undefined : g.values.get(name);
  return {
    ...view,
    outputs: node.outputs.flatMap((name) => find(name) ?? []),
    output: (i) => find(node.outputs[i]) ?? missing(node, `output ${i} is absent`),
    needs: (i) => needs(view.inputs[i]?.name ?? ''),
  };
}

function missing(node: Node, reason: string): never {
  throw new GraphError(`${operatorKey(node)} ${node.name}: ${reason}`);
}
