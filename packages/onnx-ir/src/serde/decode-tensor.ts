import {
  byteLength,
  type ElementType,
  elementTypeFromOnnxCode,
  elementTypes,
} from '../graph/element-type.js';
import { GraphError } from '../graph/errors.js';
import {
  elementCount,
  type Initializer,
  type InlineTensor,
  type TensorRef,
} from '../graph/graph.js';
import { EXTERNAL, type TensorMessage, toNumber } from './onnx-schema.js';
import { bfloat16Value, float16Value, tensorFromBytes } from './tensor-bytes.js';

/** Shape inference needs the values of small constants; weights are never kept in the graph. */
const MAX_INLINE_BYTES = 16 * 1024;

/** A tensor's name, type and shape, checked; and the bytes that its elements take. */
interface Header {
  readonly name: string;
  readonly dtype: ElementType;
  readonly shape: readonly number[];
  readonly length: number;
}

/**
 * An initializer of the model file `file`, whose content is `bytes`. Where its data lie in another
 * file, or are large, the result is a reference.
 *
 * @throws GraphError when type, shape and data do not fit together.
 */
export function decodeInitializer(
  message: TensorMessage,
  bytes: Uint8Array,
  file: string,
): Initializer {
  const header = decodeHeader(message);
  if (message.dataLocation === EXTERNAL)
    return { kind: 'external', ref: externalRef(message, header) };
  const ref = refInto(message, header, bytes, file);
  if (ref && ref.length > MAX_INLINE_BYTES) return { kind: 'external', ref };
  return { kind: 'inline', tensor: inlineTensor(message, header), ...(ref ? { ref } : {}) };
}

/** Where in its own file a tensor lies; `undefined` where it is no plain run of bytes. */
function refInto(
  { rawData: raw }: TensorMessage,
  { dtype, shape, length }: Header,
  bytes: Uint8Array,
  file: string,
): TensorRef | undefined {
  if (!raw || raw.length === 0 || raw.length !== length) return undefined;
  // The decoder gives views, so the position of the data in the file is known.
  return { file, offset: raw.byteOffset - bytes.byteOffset, length, dtype, shape };
}

/** A tensor whose data lie in the message. @throws GraphError as `decodeInitializer`. */
export function decodeTensor(message: TensorMessage): InlineTensor {
  const header = decodeHeader(message);
  if (message.dataLocation === EXTERNAL) {
    throw new GraphError(`tensor ${header.name}: an attribute cannot lie in another file`);
  }
  return inlineTensor(message, header);
}

/** @throws GraphError for the types this project does not compute with. */
export function decodeElementType(code: number | undefined, owner: string): ElementType {
  const dtype = elementTypeFromOnnxCode(code ?? 0);
  if (!dtype)
    throw new GraphError(`${owner} has element type ${code ?? 0}, which is not supported`);
  return dtype;
}

function decodeHeader(message: TensorMessage): Header {
  const name = message.name ?? '';
  const dtype = decodeElementType(message.dataType, `tensor ${name}`);
  const shape = (message.dims ?? []).map(toNumber);
  const length = byteLength(dtype, elementCount(shape));
  if (!shape.every((size) => size >= 0) || !Number.isSafeInteger(length)) {
    throw new GraphError(`tensor ${name} has the impossible shape [${shape}]`);
  }
  return { name, dtype, shape, length };
}

function externalRef(message: TensorMessage, { name, dtype, shape, length }: Header): TensorRef {
  const entries = new Map(message.externalData?.map(({ key, value }) => [key, value]));
  const file = entries.get('location') ?? '';
  if (file === '' || /^([/\\]|[a-z]:)/i.test(file) || file.split(/[/\\]/).includes('..')) {
    throw new GraphError(
      `tensor ${name} lies in ${JSON.stringify(file)}, outside the model's folder`,
    );
  }
  const offset = Number(entries.get('offset') ?? 0);
  if (!Number.isSafeInteger(offset) || offset < 0) {
    throw new GraphError(`tensor ${name} has the impossible offset ${entries.get('offset')}`);
  }
  const stored = entries.get('length') ?? length;
  if (Number(stored) !== length) {
    throw new GraphError(`tensor ${name} of shape [${shape}] takes ${length} bytes, not ${stored}`);
  }
  return { file, offset, length, dtype, shape };
}

function inlineTensor(
  message: TensorMessage,
  { name, dtype, shape, length }: Header,
): InlineTensor {
  const raw = message.rawData;
  const inRaw = raw !== undefined && raw.length > 0;
  const held =
    inRaw && raw.length === length ? tensorFromBytes(dtype, raw) : typedField(message, dtype);
  const count = elementCount(shape);
  // The last byte of an odd number of 4-bit integers holds one alone.
  const alone = elementTypes[dtype].bytes < 1 && held.length === count + 1;
  const data = alone ? held.slice(0, count) : held;
  if (data.length !== count) {
    const size = inRaw ? `${raw.length} bytes` : `${data.length} elements`;
    throw new GraphError(`tensor ${name} of shape [${shape}] and type ${dtype} holds ${size}`);
  }
  return { dtype, shape, data };
}

/** Elements outside raw data: each type has one of a few fields that hold it, widened. */
function typedField(message: TensorMessage, dtype: ElementType): InlineTensor['data'] {
  switch (dtype) {
    case 'float32':
      return message.floatData ?? [];
    case 'float64':
      return message.doubleData ?? [];
    case 'int64':
      return (message.int64Data ?? []).map(toNumber);
    case 'float16':
      return (message.int32Data ?? []).map(float16Value);
    case 'bfloat16':
      return (message.int32Data ?? []).map(bfloat16Value);
    case 'int4':
    case 'uint4':
      return tensorFromBytes(dtype, Uint8Array.from(message.int32Data ?? []));
    default:
      return message.int32Data ?? [];
  }
}
