import {
  type ElementType,
  elementCount,
  elementTypes,
  type Initializer,
  type TensorRef,
} from '@layersense/onnx-ir';
import {
  type NamedTensor,
  type QuantizedTensor,
  type StoredTensor,
  typeOf,
} from './quantized-tensor.js';

/** Reads `length` bytes of a stored tensor, from its byte number `start`. */
export type ReadStored = (ref: TensorRef, start: number, length: number) => Promise<Uint8Array>;

const TILE_BYTES = 32 * 1024 * 1024;

/** A stored matrix by rows, or the elements of an inline one. */
interface Matrix {
  readonly dtype: ElementType;
  readonly rows: number;
  readonly columns: number;
  /** Elements `from` to `to` of a row, as they are stored. */
  row(row: number, from: number, to: number): Promise<ArrayLike<number>>;
}

/** Whether every element is the same: a norm or a bias as it is initialised. */
export async function isUniform(initializer: StoredTensor, read: ReadStored): Promise<boolean> {
  if (initializer.kind === 'quantized') return false;
  if (initializer.kind === 'inline') {
    const { data } = initializer.tensor;
    return Array.from(data).every((x) => x === data[0]);
  }
  const { ref } = initializer;
  const { bytes } = elementTypes[ref.dtype];
  let first: number | undefined;
  for (let start = 0; start < ref.length; start += TILE_BYTES) {
    const raw = await read(ref, start, Math.min(TILE_BYTES, ref.length - start));
    const elements = words(raw, bytes);
    first ??= elements[0];
    for (let i = 0; i < elements.length; i++) if (elements[i] !== first) return false;
  }
  return true;
}

/**
 * Whether `b` holds the elements of the matrix `a`, or with `transposed` those of its transpose.
 * Stops at the first difference, which for two different weights is the first element.
 */
export async function sameContent(
  a: StoredTensor,
  b: StoredTensor,
  transposed: boolean,
  read: ReadStored,
): Promise<boolean> {
  if (a.kind === 'quantized' || b.kind === 'quantized') {
    if (a.kind !== b.kind || transposed) return false;
    return a.kind === 'quantized' && b.kind === 'quantized' && (await sameQuantized(a, b, read));
  }
  const [left, right] = [matrixOf(a, read), matrixOf(b, read)];
  if (!left || !right || left.dtype !== right.dtype) return false;
  const shape = transposed ? [right.columns, right.rows] : [right.rows, right.columns];
  if (left.rows !== shape[0] || left.columns !== shape[1]) return false;
  const bytes = elementTypes[left.dtype].bytes;
  const tile = Math.max(1, Math.floor(TILE_BYTES / (left.columns * bytes)));
  for (let start = 0; start < left.rows; start += tile) {
    const end = Math.min(start + tile, left.rows);
    const same = transposed ? sameAsColumns : sameAsRows;
    if (!(await same(left, right, start, end))) return false;
  }
  return true;
}

/** Whether two weights have the same integers, scales and zero points, laid out alike. */
async function sameQuantized(
  a: QuantizedTensor,
  b: QuantizedTensor,
  read: ReadStored,
): Promise<boolean> {
  const alike =
    JSON.stringify([a.shape, a.dtype, a.layout]) === JSON.stringify([b.shape, b.dtype, b.layout]);
  if (!alike) return false;
  const same = async (x: NamedTensor | undefined, y: NamedTensor | undefined) =>
    x && y ? await sameElements(x.stored, y.stored, read) : x === y;
  return (
    (await same(a.scales, b.scales)) &&
    (await same(a.zeros, b.zeros)) &&
    (await same(a.integers, b.integers))
  );
}

/** Whether two tensors hold the same elements, whatever their shapes. */
async function sameElements(a: Initializer, b: Initializer, read: ReadStored): Promise<boolean> {
  if (typeOf(a).dtype !== typeOf(b).dtype) return false;
  const flat = (stored: Initializer): Initializer => {
    if (stored.kind === 'inline') {
      const shape = [1, elementCount(stored.tensor.shape)];
      return { kind: 'inline', tensor: { ...stored.tensor, shape } };
    }
    // Bytes are compared, because two 4-bit integers share one.
    const { ref } = stored;
    return { kind: 'external', ref: { ...ref, dtype: 'uint8', shape: [1, ref.length] } };
  };
  return await sameContent(flat(a), flat(b), false, read);
}

async function sameAsRows(a: Matrix, b: Matrix, start: number, end: number): Promise<boolean> {
  for (let row = start; row < end; row++) {
    const [x, y] = [await a.row(row, 0, a.columns), await b.row(row, 0, a.columns)];
    for (let i = 0; i < x.length; i++) if (x[i] !== y[i]) return false;
  }
  return true;
}

/** Rows `start` to `end` of `a` against the same columns of `b`, one long read per row of `b`. */
async function sameAsColumns(a: Matrix, b: Matrix, start: number, end: number): Promise<boolean> {
  const rows: ArrayLike<number>[] = [];
  for (let row = start; row < end; row++) rows.push(await a.row(row, 0, a.columns));
  for (let column = 0; column < a.columns; column++) {
    const values = await b.row(column, start, end);
    for (let i = 0; i < rows.length; i++) if (rows[i]?.[column] !== values[i]) return false;
  }
  return true;
}

function matrixOf(initializer: Initializer, read: ReadStored): Matrix | undefined {
  const { dtype, shape } = typeOf(initializer);
  const [rows, columns] = shape;
  if (rows === undefined || columns === undefined || shape.length !== 2) return undefined;
  if (initializer.kind === 'inline') {
    const { data } = initializer.tensor;
    const row = (i: number, from: number, to: number) =>
      Promise.resolve(Array.from(data.slice(i * columns + from, i * columns + to)));
    return { dtype, rows, columns, row };
  }
  const { ref } = initializer;
  const { bytes } = elementTypes[dtype];
  const row = async (i: number, from: number, to: number) => {
    const raw = await read(ref, (i * columns + from) * bytes, (to - from) * bytes);
    return words(raw, bytes);
  };
  return { dtype, rows, columns, row };
}

/** Elements as bit patterns of one, two, four or eight bytes; equal elements have equal ones. */
function words(raw: Uint8Array, bytes: number): ArrayLike<number> {
  const { buffer } = Uint8Array.from(raw);
  if (bytes === 1) return new Uint8Array(buffer);
  if (bytes === 2) return new Uint16Array(buffer);
  return bytes === 4 ? new Uint32Array(buffer) : new Float64Array(buffer);
}
