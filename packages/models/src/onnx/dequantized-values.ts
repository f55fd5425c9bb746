import {
  byteLength,
  elementCount,
  elementTypes,
  type Initializer,
  tensorFromBytes,
} from '@layersense/onnx-ir';
import { type QuantizedLayout, type QuantizedTensor, typeOf } from './quantized-tensor.js';
import type { ReadStored } from './same-content.js';

/** Integers that are read at a time. */
const PIECE_ELEMENTS = 2 ** 20;

type Numbers = ArrayLike<number>;
type Layout<Kind> = Extract<QuantizedLayout, { kind: Kind }>;

/**
 * The values (q − zero point)·scale of a quantised weight, row-major and a piece at a time, rounded
 * to float32 as the graph computes them.
 */
export async function* dequantizedValues(
  tensor: QuantizedTensor,
  read: ReadStored,
): AsyncGenerator<Float32Array> {
  const { layout, scales, zeros } = tensor;
  const all = (stored: Initializer) =>
    elementsOf(stored, 0, elementCount(typeOf(stored).shape), read);
  const parameters = {
    scales: await all(scales.stored),
    zeros: zeros && (await all(zeros.stored)),
  };
  if (layout.kind === 'blocks') yield* fromBlocks(tensor, layout, parameters, read);
  else yield* fromLinear(tensor, layout, parameters, read);
}

interface Parameters {
  readonly scales: Numbers;
  readonly zeros: Numbers | undefined;
}

async function* fromBlocks(
  { integers, zeros, shape: [n = 0, k = 0] }: QuantizedTensor,
  { bits, size }: Layout<'blocks'>,
  { scales, zeros: zeroElements }: Parameters,
  read: ReadStored,
): AsyncGenerator<Float32Array> {
  const blocks = Math.ceil(k / size);
  const rowBytes = (blocks * size * bits) / 8;
  const packedZeros = zeros !== undefined && typeOf(zeros.stored).dtype === 'uint8';
  const zeroRow = (zeroElements?.length ?? 0) / n;
  const zeroOf = (row: number, block: number): number => {
    if (!zeroElements) return 2 ** (bits - 1);
    if (!packedZeros) return zeroElements[row * blocks + block] ?? Number.NaN;
    return digit(zeroElements, row * zeroRow, block, bits);
  };
  const rowsAtOnce = Math.max(1, Math.floor(PIECE_ELEMENTS / rowBytes));
  for (let start = 0; start < n; start += rowsAtOnce) {
    const rows = Math.min(rowsAtOnce, n - start);
    const bytes = await elementsOf(integers.stored, start * rowBytes, rows * rowBytes, read);
    const values = new Float32Array(rows * k);
    for (let row = 0; row < rows; row++) {
      for (let block = 0; block < blocks; block++) {
        const scale = scales[(start + row) * blocks + block] ?? Number.NaN;
        const zero = zeroOf(start + row, block);
        const end = Math.min(k, (block + 1) * size);
        for (let column = block * size; column < end; column++) {
          values[row * k + column] = (digit(bytes, row * rowBytes, column, bits) - zero) * scale;
        }
      }
    }
    yield values;
  }
}

/** Number `index` of those packed into the bytes from `start` on, the lowest bits first. */
function digit(bytes: Numbers, start: number, index: number, bits: number): number {
  const bit = index * bits;
  return ((bytes[start + (bit >> 3)] ?? 0) >> (bit & 7)) & (2 ** bits - 1);
}

async function* fromLinear(
  { integers, shape }: QuantizedTensor,
  { axis, size }: Layout<'linear'>,
  { scales, zeros }: Parameters,
  read: ReadStored,
): AsyncGenerator<Float32Array> {
  const total = elementCount(shape);
  const inner = elementCount(shape.slice(axis + 1));
  const length = shape[axis] ?? 1;
  // The last group may be longer than what is left.
  const groups = Math.ceil(length / size);
  const groupOf = (element: number): number => {
    if (size === 0) return 0;
    const along = Math.floor(element / inner) % length;
    if (size === 1) return along;
    const outer = Math.floor(element / (inner * length));
    return (outer * groups + Math.floor(along / size)) * inner + (element % inner);
  };
  for (let start = 0; start < total; start += PIECE_ELEMENTS) {
    const count = Math.min(PIECE_ELEMENTS, total - start);
    const numbers = await elementsOf(integers.stored, start, count, read);
    yield Float32Array.from({ length: count }, (_, i) => {
      const group = groupOf(start + i);
      return ((numbers[i] ?? 0) - (zeros?.[group] ?? 0)) * (scales[group] ?? Number.NaN);
    });
  }
}

/** `count` elements of a stored tensor from number `start` on. */
async function elementsOf(
  stored: Initializer,
  start: number,
  count: number,
  read: ReadStored,
): Promise<Numbers> {
  if (stored.kind === 'inline') return stored.tensor.data.slice(start, start + count);
  const { ref } = stored;
  const { bytes } = elementTypes[ref.dtype];
  const raw = await read(ref, start * bytes, byteLength(ref.dtype, count));
  return tensorFromBytes(ref.dtype, raw);
}
