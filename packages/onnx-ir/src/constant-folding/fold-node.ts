import type { ElementType } from '../graph/element-type.js';
import { GraphError } from '../graph/errors.js';
import type { InlineTensor, Node } from '../graph/graph.js';
import { operatorKey, type TensorType } from '../inference/infer-outputs.js';
import { countingKernels } from './counting-kernels.js';
import { elementwiseKernels } from './elementwise-kernels.js';
import type { Kernel } from './kernel.js';
import { movementKernels } from './movement-kernels.js';

const kernels: Readonly<Record<string, Kernel>> = {
  ...elementwiseKernels,
  ...movementKernels,
  ...countingKernels,
};

/** Whether `foldNode` computes this operator. */
export function canFold(node: Pick<Node, 'opType' | 'domain'>): boolean {
  return Object.hasOwn(kernels, operatorKey(node));
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
  const kernel = canFold(node) ? kernels[operatorKey(node)] : undefined;
  if (!kernel) return undefined;
  const input = (i: number): InlineTensor => {
    const tensor = inputs[i];
    if (!tensor) throw new GraphError(`${node.opType} ${node.name}: input ${i} is missing`);
    return tensor;
  };
  const results = kernel({ node, outputs, input, has: (i) => inputs[i] !== undefined });
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
