import protobuf from 'protobufjs/light.js';

const MODEL_GRAPH = 7;
const GRAPH_NODE = 1;

/** The number of nodes of an encoded model, read off without decoding them. */
export function countNodes(model: Uint8Array): number {
  let count = 0;
  eachField(protobuf.Reader.create(model), model.length, (field, reader) => {
    if (field !== MODEL_GRAPH) return false;
    const length = reader.uint32();
    eachField(reader, reader.pos + length, (graphField) => {
      if (graphField === GRAPH_NODE) count += 1;
      return false;
    });
    return true;
  });
  return count;
}

type Visit = (field: number, reader: protobuf.Reader) => boolean;

/** Calls `visit` with each field number; a field it does not read itself is skipped. */
function eachField(reader: protobuf.Reader, end: number, visit: Visit): void {
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (!visit(tag >>> 3, reader)) reader.skipType(tag & 7);
  }
}
