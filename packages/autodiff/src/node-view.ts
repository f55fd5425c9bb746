import {
  type GraphBuilder,
  GraphError,
  type Node,
  operatorKey,
  type Value,
} from '@layersense/onnx-ir';
import type { NodeView } from './vjp.js';

/** `node` as rules and decompositions see it; `needs` answers for an input by its value's name. */
export function viewNode(
  g: GraphBuilder,
  node: Node,
  needs: (valueName: string) => boolean,
): NodeView {
  const inputs = node.inputs.map((name) => (name === '' ? undefined : g.value(name)));
  const outputs = node.outputs.flatMap((name) => (name === '' ? [] : [g.value(name)]));
  const constantOrUndefined = (i: number) => g.constantValues(node.inputs[i] ?? '');
  const present = <T>(found: T | undefined, what: string): T => {
    if (found !== undefined) return found;
    throw new GraphError(`${operatorKey(node)} ${node.name}: ${what}`);
  };
  return {
    node,
    inputs,
    outputs,
    input: (i) => present(inputs[i], `input ${i} is missing`),
    output: (i) => present(outputs[i], `output ${i} is missing`),
    needs: (i) => {
      const value: Value | undefined = inputs[i];
      return value !== undefined && needs(value.name);
    },
    constant: (i) => present(constantOrUndefined(i), `input ${i} must be a constant`),
    constantOrUndefined,
  };
}
