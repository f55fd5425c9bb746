import type { ElementType } from '../graph/element-type.js';
import type { InlineTensor } from '../graph/graph.js';

const INT64_MAX = 2n ** 63n - 1n;
const INT64_MIN = -(2n ** 63n);

/**
 * The elements as ONNX raw data: little-endian, row-major. Typed arrays are in host order, which is
 * little-endian on every platform ONNX Runtime is built for.
 */
export function tensorToBytes({ dtype, data }: InlineTensor): Uint8Array {
  const array = typedArray[dtype](data);
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

/** The elements of ONNX raw data as numbers; int64 beyond 2^53 is rounded. */
export function tensorFromBytes(dtype: ElementType, bytes: Uint8Array): InlineTensor['data'] {
  // A copy: raw data may start at any byte, typed arrays only at a multiple of their element.
  return numbers[dtype](Uint8Array.from(bytes).buffer);
}

/** `value` as an exact int64. Exporters write "to the end" as 2^63-1, which as a number is 2^63. */
export function toInt64(value: number): bigint {
  const exact = BigInt(Math.trunc(value));
  if (exact > INT64_MAX) return INT64_MAX;
  return exact < INT64_MIN ? INT64_MIN : exact;
}

type Elements = InlineTensor['data'];

const typedArray: { readonly [T in ElementType]: (data: Elements) => ArrayBufferView } = {
  float64: (data) => (data instanceof Float64Array ? data : Float64Array.from(data)),
  float32: (data) => (data instanceof Float32Array ? data : Float32Array.from(data)),
  float16: (data) => Uint16Array.from(data, float16Bits),
  bfloat16: (data) => Uint16Array.from(data, bfloat16Bits),
  int64: (data) => BigInt64Array.from(Array.from(data, toInt64)),
  int32: (data) => Int32Array.from(data),
  int16: (data) => Int16Array.from(data),
  int8: (data) => Int8Array.from(data),
  uint8: (data) => Uint8Array.from(data),
  int4: fourBitPairs,
  uint4: fourBitPairs,
  bool: (data) => Uint8Array.from(data, (x) => (x === 0 ? 0 : 1)),
};

const numbers: { readonly [T in ElementType]: (buffer: ArrayBuffer) => Elements } = {
  float64: (buffer) => new Float64Array(buffer),
  float32: (buffer) => new Float32Array(buffer),
  float16: (buffer) => Array.from(new Uint16Array(buffer), float16Value),
  bfloat16: (buffer) => Array.from(new Uint16Array(buffer), bfloat16Value),
  int64: (buffer) => Array.from(new BigInt64Array(buffer), Number),
  int32: (buffer) => Array.from(new Int32Array(buffer)),
  int16: (buffer) => Array.from(new Int16Array(buffer)),
  int8: (buffer) => Array.from(new Int8Array(buffer)),
  uint8: (buffer) => Array.from(new Uint8Array(buffer)),
  int4: (buffer) => fourBitValues(buffer, 8),
  uint4: (buffer) => fourBitValues(buffer, 16),
  bool: (buffer) => Array.from(new Uint8Array(buffer)),
};

/** Two to a byte, the first in its low half. */
function fourBitPairs(data: Elements): Uint8Array {
  const half = (i: number) => (data[i] ?? 0) & 15;
  const length = Math.ceil(data.length / 2);
  return Uint8Array.from({ length }, (_, i) => half(2 * i) | (half(2 * i + 1) << 4));
}

/** From `end` on, a pattern of four bits stands for a negative number. */
function fourBitValues(buffer: ArrayBuffer, end: number): number[] {
  const bytes = new Uint8Array(buffer);
  return Array.from({ length: 2 * bytes.length }, (_, i) => {
    const digit = ((bytes[i >> 1] ?? 0) >> (4 * (i & 1))) & 15;
    return digit < end ? digit : digit - 16;
  });
}

const scratchFloat = new Float32Array(1);
const scratchBits = new Uint32Array(scratchFloat.buffer);

function float32Bits(x: number): number {
  scratchFloat[0] = x;
  return scratchBits[0] ?? 0;
}

/** bfloat16 is the upper half of a float32; the lower half is rounded to nearest, ties to even. */
export function bfloat16Bits(x: number): number {
  if (Number.isNaN(x)) return 0x7fc0;
  const bits = float32Bits(x);
  return ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff;
}

export function bfloat16Value(bits: number): number {
  scratchBits[0] = bits << 16;
  return scratchFloat[0] ?? 0;
}

/** IEEE binary16, rounded to nearest, ties to even. */
export function float16Bits(x: number): number {
  if (Number.isNaN(x)) return 0x7e00;
  const sign = x < 0 || Object.is(x, -0) ? 0x8000 : 0;
  const magnitude = Math.abs(x);
  if (magnitude >= 65520) return sign | 0x7c00;
  // The spacing of float16 numbers at this magnitude; 2^-24 is that of the subnormals.
  const exponent = Math.max(Math.floor(Math.log2(magnitude)), -14);
  const steps = roundHalfToEven(magnitude * 2 ** (10 - exponent));
  // A normal number holds 1024..2047 steps; rounding up to 2048 carries into the exponent by itself.
  return sign | (steps < 1024 ? steps : ((exponent + 14) << 10) + steps);
}

export function float16Value(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >>> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}

function roundHalfToEven(x: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  if (rest !== 0.5) return Math.round(x);
  return floor % 2 === 0 ? floor : floor + 1;
}
