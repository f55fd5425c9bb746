import {
  type Attributes,
  type ElementType,
  elementTypeFromOnnxCode,
  elementTypes,
  type Initializer,
  type InlineTensor,
  int,
  type Node,
} from '@layersense/onnx-ir';
import type { Arithmetic } from '../forward.js';

/**
 * The type a tensor of the file has in the graph: half precision and float32 become the graph's
 * arithmetic. What a file computes in float64 (some exporters do so for positions) stays so.
 */
export function computedType(dtype: ElementType, arithmetic: Arithmetic): ElementType {
  return elementTypes[dtype].floating && dtype !== 'float64' ? arithmetic : dtype;
}

/** The tensor in its computed type; its elements, which are numbers already, stay as they are. */
export function computedTensor(tensor: InlineTensor, arithmetic: Arithmetic): InlineTensor {
  return { ...tensor, dtype: computedType(tensor.dtype, arithmetic) };
}

/** A stored tensor whose values are in the graph, in its computed type; others stay as stored. */
export function computedInitializer(stored: Initializer, arithmetic: Arithmetic): Initializer {
  if (stored.kind === 'external') return stored;
  return { kind: 'inline', tensor: computedTensor(stored.tensor, arithmetic) };
}

/** The node with the types it names replaced by those that are computed with. */
export function withComputedTypes<T extends Node>(node: T, arithmetic: Arithmetic): T {
  const { to, value, softmax_precision: _, ...others } = node.attributes;
  const replaced: Attributes = {
    ...others,
    ...(to?.type === 'int' ? { to: int(computedCode(to.value, arithmetic)) } : {}),
    ...(value ? { value } : {}),
    ...(value?.type === 'tensor'
      ? { value: { type: 'tensor', value: computedTensor(value.value, arithmetic) } }
      : {}),
  };
  return { ...node, attributes: replaced };
}

function computedCode(code: number, arithmetic: Arithmetic): number {
  const dtype = elementTypeFromOnnxCode(code);
  return dtype ? elementTypes[computedType(dtype, arithmetic)].onnxCode : code;
}
