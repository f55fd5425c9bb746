import { type DecodedNode, GraphError, type InlineTensor } from '@layersense/onnx-ir';

/** The tensor of a `Constant` node. @throws GraphError for kinds that no language model needs. */
export function constantOf({ name, attributes }: DecodedNode): InlineTensor {
  const [attribute] = Object.values(attributes);
  switch (attribute?.type) {
    case 'tensor':
      return attribute.value;
    case 'int':
      return { dtype: 'int64', shape: [], data: [attribute.value] };
    case 'ints':
      return { dtype: 'int64', shape: [attribute.value.length], data: attribute.value };
    case 'float':
      return { dtype: 'float32', shape: [], data: [attribute.value] };
    case 'floats':
      return { dtype: 'float32', shape: [attribute.value.length], data: attribute.value };
    default:
      throw new GraphError(`Constant ${name} holds no tensor of numbers`);
  }
}
