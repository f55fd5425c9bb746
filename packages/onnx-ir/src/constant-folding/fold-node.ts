import type { ElementType } from '../graph/element-type.js';
import { GraphError } from '../graph/errors.js';
import { type InlineTensor, type Node, operatorKey } from '../graph/graph.js';
import type { TensorType } from '../inference/inference-rule.js';
import { type FoldedOp, kernels } from './kernels.js';

/** Whether `foldNode` computes this operator. */
export function canFold(node: Pick<Node, 'opType' | 'domain'>): boolean {
  return isFoldedOp(operatorKey(node));
}

function isFoldedOp(key: string): key is FoldedOp {
  return Object.hasOwn(kernels, key);
}

/**
 * Computes a node of a shape or mask computation from constant inputs.
 *
 * @param inputs one per input of the node, `undefined` where an optional one is absent.
 * @param outputs the types and shapes that `inferOutputs` gave.
 * @returns the outputs; `undefined` for an operator that is not folded.
 * @throws GraphError when a required input is absent.
 */
export function foldNode(
  node: Node,
  inputs: readonly (InlineTensor | undefined)[],
  outputs: readonly TensorType[],
): readonly InlineTensor[] | undefined {
  const key = operatorKey(node);
  if (!isFoldedOp(key)) return undefined;
  const input = (i: number): InlineTensor => {
    const tensor = inputs[i];
    if (!tensor) throw new GraphError(`${node.opType} ${node.name}: input ${i} is missing`);
    return tensor;
  };
  const results = kernels[key]({ node, outputs, input, has: (i) => inputs[i] !== undefined });
  return outputs.map(({ dtype, shape }, i) => ({
    dtype,
    shape,
    data: rounded(dtype, results[i] ?? []),
  }));
}

function rounded(dtype: ElementType, values: ArrayLike<number>): InlineTensor['data'] {
  if (dtype === 'float32') return Float32Array.from(values);
  return Array.from(values);
}
