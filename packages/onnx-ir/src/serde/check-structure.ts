import protobuf from 'protobufjs/light.js';
import { GraphError } from '../graph/errors.js';
import { modelProto } from './onnx-schema.js';

/** A graph of 80,000 nodes has about as many; in memory each takes up to some hundred bytes. */
const MAX_FIELDS = 2_000_000;

/**
 * Reads the model's structure without keeping any of it, so that a hostile file is refused before
 * the decoder, which makes an object of every two bytes, runs out of memory.
 *
 * @throws GraphError when there are more than {@link MAX_FIELDS} fields, RangeError on truncation.
 */
export function checkStructure(bytes: Uint8Array): void {
  new StructureCheck(bytes).message(modelProto, bytes.length);
}

/** Wire types of protobuf. */
const VARINT = 0;
const LENGTH_DELIMITED = 2;

class StructureCheck {
  readonly #reader: protobuf.Reader;
  #fields = 0;

  constructor(bytes: Uint8Array) {
    this.#reader = protobuf.Reader.create(bytes);
  }

  message(type: protobuf.Type, end: number): void {
    if (end > this.#reader.len)
      throw new RangeError(`a message ends at byte ${end}, past the file`);
    while (this.#reader.pos < end) {
      this.#count(1);
      const tag = this.#reader.uint32();
      const field = type.fieldsById[tag >>> 3];
      if (field) this.#field(field.resolve(), tag & 7);
      else this.#reader.skipType(tag & 7);
    }
  }

  #field(field: protobuf.Field, wireType: number): void {
    const expected = protobuf.types.basic[field.type as keyof typeof protobuf.types.basic];
    if (wireType !== LENGTH_DELIMITED) {
      // The decoder trusts the schema and would read something else than was counted here.
      if (wireType !== expected) throw new Error(`${field.fullName} has wire type ${wireType}`);
      this.#reader.skipType(wireType);
      return;
    }
    const length = this.#reader.uint32();
    if (field.resolvedType instanceof protobuf.Type) {
      this.message(field.resolvedType, this.#reader.pos + length);
      return;
    }
    const packed = expected !== LENGTH_DELIMITED;
    if (packed && !field.repeated) throw new Error(`${field.fullName} has wire type ${wireType}`);
    // A packed integer takes one byte or more, so there are at most `length` of them.
    if (packed && expected === VARINT) this.#count(length);
    this.#reader.skip(length);
  }

  #count(fields: number): void {
    this.#fields += fields;
    if (this.#fields > MAX_FIELDS) {
      throw new GraphError(`the graph has more than ${MAX_FIELDS} fields, which is not supported`);
    }
  }
}
