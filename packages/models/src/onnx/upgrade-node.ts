import { type Attributes, intsAttribute, type Node } from '@layersense/onnx-ir';

/** The oldest opset whose files are read. */
export const OLDEST_OPSET = 13;

/** Reductions whose axes became an input in opset 18. */
const REDUCTIONS = [
  'ReduceL2',
  'ReduceLogSumExp',
  'ReduceMax',
  'ReduceMean',
  'ReduceMin',
  'ReduceProd',
  'ReduceSumSquare',
];

/**
 * A node of opset 13 to 17 as opset 18 writes it. `int64` makes a constant and gives its name.
 */
export function upgradeNode<T extends Node>(
  node: T,
  opset: number,
  int64: (values: readonly number[]) => string,
): T {
  if (opset >= 18 || node.domain !== '') return node;
  const axes = intsAttribute(node, 'axes');
  if (REDUCTIONS.includes(node.opType) && axes) {
    const inputs = [node.inputs[0] ?? '', int64(axes)];
    return { ...node, inputs, attributes: without(node.attributes, 'axes') };
  }
  if (node.opType === 'Split' && (node.inputs[1] ?? '') === '') {
    const num_outputs = { type: 'int', value: node.outputs.length } as const;
    return { ...node, attributes: { ...node.attributes, num_outputs } };
  }
  return node;
}

function without(attributes: Attributes, name: string): Attributes {
  return Object.fromEntries(Object.entries(attributes).filter(([key]) => key !== name));
}
