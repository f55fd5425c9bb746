import { LayersenseError } from '@layersense/contracts';
import { type Node, operatorKey } from '@layersense/onnx-ir';

/** The error for an operator this package knows, used in a way it has no formula for. */
export function unsupported(node: Node, reason: string): LayersenseError {
  const operator = operatorKey(node);
  return new LayersenseError(
    'unsupported_operator',
    `${operator} ${node.name} cannot be differentiated: ${reason}.`,
    { operators: [operator], nodes: [node.name] },
  );
}
