import type { ElementType } from '../graph/element-type.js';
import { GraphError } from '../graph/errors.js';
import type { Attribute, Initializer, Node } from '../graph/graph.js';
import { checkStructure } from './check-structure.js';
import { decodeElementType, decodeInitializer, decodeTensor } from './decode-tensor.js';
import {
  type AttributeMessage,
  attributeTypes,
  type DimensionMessage,
  type EntryMessage,
  type GraphMessage,
  type ModelMessage,
  modelProto,
  type NodeMessage,
  toNumber,
  type ValueInfoMessage,
} from './onnx-schema.js';

/** A model as its file has it: nothing inferred, nothing checked against the operators' schemas. */
export interface DecodedModel {
  readonly name: string;
  readonly irVersion: number;
  readonly producer: string;
  /** Versions by domain; `''` is the standard one. */
  readonly opsets: ReadonlyMap<string, number>;
  readonly metadata: ReadonlyMap<string, string>;
  /** The inputs that must be fed: old files list their initializers among the inputs too. */
  readonly inputs: readonly DecodedValue[];
  readonly outputs: readonly DecodedValue[];
  readonly nodes: readonly DecodedNode[];
  readonly initializers: ReadonlyMap<string, Initializer>;
}

/** `shape` is absent where the file does not even say the rank. */
export interface DecodedValue {
  readonly name: string;
  readonly dtype: ElementType;
  readonly shape?: readonly Dimension[];
}

/** A size, or the name of one (`''` where it has none). */
export type Dimension = number | string;

export interface DecodedNode extends Node {
  readonly metadata: ReadonlyMap<string, string>;
  /** Attributes of a kind this IR does not have, e.g. the sub-graphs of `If`. */
  readonly unsupportedAttributes: readonly string[];
}

/**
 * Reads an ONNX ModelProto. The bytes may come from anyone: whatever they hold, this returns or
 * throws, and allocates no more than a small multiple of their length.
 *
 * @param file base name of the file that `bytes` are the content of. Initializers stored in it
 *   become references into it, except small ones, whose values shape inference needs.
 * @throws GraphError that says what is wrong with the file.
 */
export function decodeModel(bytes: Uint8Array, file: string): DecodedModel {
  const model = parse(bytes);
  const graph = model.graph;
  if (!graph) throw new GraphError(`${file} holds no graph: it is not an ONNX model`);
  if (graph.sparseInitializer?.length) {
    throw new GraphError(`${file} stores weights as sparse tensors, which are not supported`);
  }
  const initializers = decodeInitializers(graph, bytes, file);
  const isWeight = (value: DecodedValue) => initializers.has(value.name);
  return {
    name: graph.name ?? '',
    irVersion: toNumber(model.irVersion),
    producer: `${model.producerName} ${model.producerVersion}`.trim(),
    opsets: new Map(model.opsetImport?.map((o) => [domain(o.domain), toNumber(o.version)])),
    metadata: decodeEntries(model.metadataProps),
    inputs: decodeValues(graph.input).filter((value) => !isWeight(value)),
    outputs: decodeValues(graph.output),
    nodes: (graph.node ?? []).map(decodeNode),
    initializers,
  };
}

function parse(bytes: Uint8Array): ModelMessage {
  try {
    checkStructure(bytes);
    return modelProto.decode(bytes) as ModelMessage;
  } catch (error) {
    if (error instanceof GraphError) throw error;
    const detail = error instanceof Error ? error.message : String(error);
    throw new GraphError(`not an ONNX model, or a damaged one: ${detail}`, { cause: error });
  }
}

function decodeInitializers(graph: GraphMessage, bytes: Uint8Array, file: string) {
  const initializers = new Map<string, Initializer>();
  for (const tensor of graph.initializer ?? []) {
    const name = tensor.name ?? '';
    if (initializers.has(name)) throw new GraphError(`initializer ${name} is defined twice`);
    initializers.set(name, decodeInitializer(tensor, bytes, file));
  }
  return initializers;
}

function decodeNode(message: NodeMessage): DecodedNode {
  const name = message.name ?? '';
  const opType = message.opType ?? '';
  if (opType === '') throw new GraphError(`node ${JSON.stringify(name)} names no operator`);
  const attributes: [name: string, attribute: Attribute][] = [];
  const unsupportedAttributes: string[] = [];
  for (const item of message.attribute ?? []) {
    const attribute = decodeAttribute(item);
    if (attribute) attributes.push([item.name ?? '', attribute]);
    else unsupportedAttributes.push(item.name ?? '');
  }
  return {
    name,
    opType,
    domain: domain(message.domain),
    inputs: message.input ?? [],
    outputs: message.output ?? [],
    // Own properties whatever their name, `__proto__` included.
    attributes: Object.fromEntries(attributes),
    metadata: decodeEntries(message.metadataProps),
    unsupportedAttributes,
  };
}

function decodeAttribute(message: AttributeMessage): Attribute | undefined {
  switch (message.type) {
    case attributeTypes.float:
      return { type: 'float', value: message.f ?? 0 };
    case attributeTypes.int:
      return { type: 'int', value: toNumber(message.i) };
    case attributeTypes.string:
      return { type: 'string', value: utf8(message.s) };
    case attributeTypes.floats:
      return { type: 'floats', value: message.floats ?? [] };
    case attributeTypes.ints:
      return { type: 'ints', value: (message.ints ?? []).map(toNumber) };
    case attributeTypes.strings:
      return { type: 'strings', value: (message.strings ?? []).map(utf8) };
    case attributeTypes.tensor:
      return message.t ? { type: 'tensor', value: decodeTensor(message.t) } : undefined;
    default:
      return undefined;
  }
}

function decodeValues(messages: readonly ValueInfoMessage[] = []): DecodedValue[] {
  return messages.map((message) => {
    const name = message.name ?? '';
    const tensor = message.type?.tensorType;
    if (!tensor) throw new GraphError(`graph input or output ${name} is not a tensor`);
    const dtype = decodeElementType(tensor.elemType, `graph input or output ${name}`);
    const shape = tensor.shape?.dim?.map(decodeDimension);
    return shape ? { name, dtype, shape } : { name, dtype };
  });
}

/** `dim_value` and `dim_param` are alternatives; the decoder gives the absent one its zero value. */
function decodeDimension(message: DimensionMessage): Dimension {
  return Object.hasOwn(message, 'dimValue') ? toNumber(message.dimValue) : (message.dimParam ?? '');
}

function decodeEntries(entries: readonly EntryMessage[] = []): ReadonlyMap<string, string> {
  return new Map(entries.map(({ key = '', value = '' }) => [key, value]));
}

/** Files write the standard domain in either of its two spellings. */
function domain(name = ''): string {
  return name === 'ai.onnx' ? '' : name;
}

function utf8(bytes: Uint8Array | undefined): string {
  return new TextDecoder().decode(bytes);
}
