import { elementTypes } from '../graph/element-type.js';
import { GraphError } from '../graph/errors.js';
import type { Attribute, Graph, Initializer, InlineTensor, Node, Value } from '../graph/graph.js';
import {
  type AttributeMessage,
  attributeTypes,
  EXTERNAL,
  type Int64,
  type ModelMessage,
  modelProto,
  type NodeMessage,
  type TensorMessage,
  type ValueInfoMessage,
} from './onnx-schema.js';
import { tensorToBytes, toInt64 } from './tensor-bytes.js';
import { weightNodesFirst } from './weight-nodes-first.js';

/**
 * The graph as an ONNX ModelProto. External initializers stay references: the file names in it are
 * relative to the folder the runtime is given. Nodes keep their order, except that those which depend
 * on weights alone come first.
 *
 * @throws GraphError when it exceeds the 2 GiB that protobuf readers accept.
 */
export function encodeModel(graph: Graph): Uint8Array {
  const message: ModelMessage = {
    irVersion: irVersionFor(graph.opsetVersion),
    producerName: 'layersense',
    opsetImport: opsetImports(graph),
    graph: {
      name: graph.name,
      node: weightNodesFirst(graph).map(nodeMessage),
      initializer: Array.from(graph.initializers, ([name, value]) =>
        initializerMessage(name, value),
      ),
      input: graph.inputs.map(valueInfoMessage),
      output: graph.outputs.map(valueInfoMessage),
    },
  };
  const bytes = modelProto.encode(message).finish();
  if (bytes.length >= 2 ** 31) {
    throw new GraphError(
      `graph ${graph.name} encodes to ${bytes.length} bytes; 2 GiB is the limit`,
    );
  }
  // In Node.js `bytes` is a Buffer, whose `slice` is not that of a Uint8Array.
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** The IR version each opset was released with; readers refuse a newer opset in an older IR. */
function irVersionFor(opsetVersion: number): number {
  if (opsetVersion >= 21) return 10;
  return opsetVersion >= 19 ? 9 : 8;
}

function opsetImports(graph: Graph): { domain: string; version: number }[] {
  const domains = new Set(graph.nodes.map((node) => node.domain));
  domains.delete('');
  const contributed = Array.from(domains, (domain) => ({ domain, version: 1 }));
  return [{ domain: '', version: graph.opsetVersion }, ...contributed];
}

function nodeMessage(node: Node): NodeMessage {
  return {
    name: node.name,
    opType: node.opType,
    domain: node.domain,
    input: node.inputs,
    output: node.outputs,
    attribute: Object.entries(node.attributes).map(([name, value]) =>
      attributeMessage(name, value),
    ),
  };
}

function attributeMessage(name: string, attribute: Attribute): AttributeMessage {
  const type = attributeTypes[attribute.type];
  switch (attribute.type) {
    case 'int':
      return { name, type, i: int64(attribute.value) };
    case 'float':
      return { name, type, f: attribute.value };
    case 'string':
      return { name, type, s: utf8(attribute.value) };
    case 'ints':
      return { name, type, ints: attribute.value.map(int64) };
    case 'floats':
      return { name, type, floats: attribute.value };
    case 'strings':
      return { name, type, strings: attribute.value.map(utf8) };
    case 'tensor':
      return { name, type, t: tensorMessage(attribute.value) };
  }
}

function initializerMessage(name: string, initializer: Initializer): TensorMessage {
  if (initializer.kind === 'inline') return { name, ...tensorMessage(initializer.tensor) };
  const { file, offset, length, dtype, shape } = initializer.ref;
  return {
    name,
    dims: shape,
    dataType: elementTypes[dtype].onnxCode,
    dataLocation: EXTERNAL,
    // ONNX Runtime rejects the whole model for any other key.
    externalData: [
      { key: 'location', value: file },
      { key: 'offset', value: String(offset) },
      { key: 'length', value: String(length) },
    ],
  };
}

function tensorMessage(tensor: InlineTensor): TensorMessage {
  return {
    dims: tensor.shape,
    dataType: elementTypes[tensor.dtype].onnxCode,
    rawData: tensorToBytes(tensor),
  };
}

function valueInfoMessage({ name, dtype, shape }: Value): ValueInfoMessage {
  const dim = shape.map((dimension) => ({ dimValue: dimension }));
  return { name, type: { tensorType: { elemType: elementTypes[dtype].onnxCode, shape: { dim } } } };
}

function int64(value: number): Int64 {
  return Number.isSafeInteger(value) ? value : toInt64(value).toString();
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
