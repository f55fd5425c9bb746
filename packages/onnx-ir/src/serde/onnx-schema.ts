import protobuf from 'protobufjs/light.js';

/**
 * The part of onnx.proto this project reads and writes. Fields left out (doc strings, which hold
 * whole stack traces in some exports) are skipped by the decoder. Sub-graphs are kept as opaque
 * bytes: no operator this project takes has one, and a hostile file cannot nest them.
 */
const messages: protobuf.INamespace = {
  nested: {
    ModelProto: message({
      irVersion: ['int64', 1],
      producerName: ['string', 2],
      producerVersion: ['string', 3],
      graph: ['GraphProto', 7],
      opsetImport: ['OperatorSetIdProto', 8, 'repeated'],
      metadataProps: ['StringStringEntryProto', 14, 'repeated'],
    }),
    OperatorSetIdProto: message({ domain: ['string', 1], version: ['int64', 2] }),
    StringStringEntryProto: message({ key: ['string', 1], value: ['string', 2] }),
    GraphProto: message({
      node: ['NodeProto', 1, 'repeated'],
      name: ['string', 2],
      initializer: ['TensorProto', 5, 'repeated'],
      input: ['ValueInfoProto', 11, 'repeated'],
      output: ['ValueInfoProto', 12, 'repeated'],
      sparseInitializer: ['bytes', 15, 'repeated'],
    }),
    NodeProto: message({
      input: ['string', 1, 'repeated'],
      output: ['string', 2, 'repeated'],
      name: ['string', 3],
      opType: ['string', 4],
      attribute: ['AttributeProto', 5, 'repeated'],
      domain: ['string', 7],
      metadataProps: ['StringStringEntryProto', 9, 'repeated'],
    }),
    AttributeProto: message({
      name: ['string', 1],
      f: ['float', 2],
      i: ['int64', 3],
      s: ['bytes', 4],
      t: ['TensorProto', 5],
      g: ['bytes', 6],
      floats: ['float', 7, 'repeated'],
      ints: ['int64', 8, 'repeated'],
      strings: ['bytes', 9, 'repeated'],
      type: ['int32', 20],
    }),
    TensorProto: message({
      dims: ['int64', 1, 'repeated'],
      dataType: ['int32', 2],
      floatData: ['float', 4, 'packed'],
      int32Data: ['int32', 5, 'packed'],
      int64Data: ['int64', 7, 'packed'],
      name: ['string', 8],
      rawData: ['bytes', 9],
      doubleData: ['double', 10, 'packed'],
      externalData: ['StringStringEntryProto', 13, 'repeated'],
      dataLocation: ['int32', 14],
    }),
    ValueInfoProto: message({ name: ['string', 1], type: ['TypeProto', 2] }),
    TypeProto: message({ tensorType: ['TensorTypeProto', 1] }),
    TensorTypeProto: message({ elemType: ['int32', 1], shape: ['TensorShapeProto', 2] }),
    TensorShapeProto: message({ dim: ['DimensionProto', 1, 'repeated'] }),
    DimensionProto: message({ dimValue: ['int64', 1], dimParam: ['string', 2] }),
  },
};

type Field = readonly [type: string, id: number, rule?: 'repeated' | 'packed'];

function message(fields: Readonly<Record<string, Field>>): protobuf.IType {
  const entries = Object.entries(fields).map(([name, [type, id, rule]]) => {
    const repeated =
      rule === undefined ? {} : { rule: 'repeated', options: { packed: rule === 'packed' } };
    return [name, { type, id, ...repeated }] as const;
  });
  return { fields: Object.fromEntries(entries) };
}

/** The whole wire format: `modelProto.encode(message).finish()`, `modelProto.decode(bytes)`. */
export const modelProto: protobuf.Type = protobuf.Root.fromJSON(messages).lookupType('ModelProto');

/** `AttributeProto.AttributeType`, for the kinds this project takes. */
export const attributeTypes = {
  float: 1,
  int: 2,
  string: 3,
  tensor: 4,
  floats: 6,
  ints: 7,
  strings: 8,
} as const;

/** `TensorProto.DataLocation.EXTERNAL`. */
export const EXTERNAL = 1;

/** An int64: the encoder takes numbers and, beyond 2^53, decimal strings; the decoder gives objects. */
export type Int64 = number | string | { toNumber(): number };

export function toNumber(value: Int64 | undefined): number {
  return typeof value === 'object' ? value.toNumber() : Number(value ?? 0);
}

/*
 * The messages as objects. Every field is optional because a file may lack any of them; decoded
 * repeated fields are never absent.
 */
export interface ModelMessage {
  irVersion?: Int64;
  producerName?: string;
  producerVersion?: string;
  graph?: GraphMessage | null;
  opsetImport?: readonly { domain?: string; version?: Int64 }[];
  metadataProps?: readonly EntryMessage[];
}

export interface EntryMessage {
  key?: string;
  value?: string;
}

export interface GraphMessage {
  node?: readonly NodeMessage[];
  name?: string;
  initializer?: readonly TensorMessage[];
  input?: readonly ValueInfoMessage[];
  output?: readonly ValueInfoMessage[];
  sparseInitializer?: readonly Uint8Array[];
}

export interface NodeMessage {
  input?: readonly string[];
  output?: readonly string[];
  name?: string;
  opType?: string;
  attribute?: readonly AttributeMessage[];
  domain?: string;
  metadataProps?: readonly EntryMessage[];
}

export interface AttributeMessage {
  name?: string;
  type?: number;
  f?: number;
  i?: Int64;
  s?: Uint8Array;
  t?: TensorMessage | null;
  floats?: readonly number[];
  ints?: readonly Int64[];
  strings?: readonly Uint8Array[];
}

export interface TensorMessage {
  dims?: readonly Int64[];
  dataType?: number;
  floatData?: readonly number[];
  int32Data?: readonly number[];
  int64Data?: readonly Int64[];
  doubleData?: readonly number[];
  name?: string;
  rawData?: Uint8Array;
  externalData?: readonly EntryMessage[];
  dataLocation?: number;
}

export interface ValueInfoMessage {
  name?: string;
  type?: {
    tensorType?: {
      elemType?: number;
      shape?: { dim?: readonly DimensionMessage[] } | null;
    } | null;
  } | null;
}

export interface DimensionMessage {
  dimValue?: Int64;
  dimParam?: string;
}
