import { LayersenseError } from '@layersense/contracts';
import type { ElementType } from '@layersense/onnx-ir';

/** Decoded weights. float64 stays float64; every narrower type is exact in float32. */
export type Floats = Float32Array | Float64Array;

interface FloatDecoder {
  /** Bytes of one stored element. */
  readonly bytes: number;
  /**
   * The first `count` little-endian elements of `bytes`. The result is a view of `bytes` or of a
   * buffer that every call reuses: allocating (and so zeroing) one each time halves the speed.
   */
  readonly decode: (bytes: ArrayBuffer, count: number) => Floats;
}

/** @throws LayersenseError `dtype_unsupported` for anything but floating-point weights. */
export function floatDecoder(dtype: ElementType): FloatDecoder {
  switch (dtype) {
    case 'float64':
      return { bytes: 8, decode: (bytes, count) => new Float64Array(bytes, 0, count) };
    case 'float32':
      return { bytes: 4, decode: (bytes, count) => new Float32Array(bytes, 0, count) };
    case 'float16':
      return halfDecoder(expandFloat16);
    case 'bfloat16':
      return halfDecoder(expandBfloat16);
    default:
      throw new LayersenseError(
        'dtype_unsupported',
        `A weight stored as ${dtype} has no values to differentiate or measure. Use the checkpoint it was quantised from.`,
        { dtype },
      );
  }
}

/** A decoder of two-byte floats that widens them with `expand`, to float32 bits. */
function halfDecoder(expand: (source: Uint16Array, bits: Uint32Array) => void): FloatDecoder {
  let bits = new Uint32Array(0);
  const decode = (bytes: ArrayBuffer, count: number) => {
    if (bits.length < count) bits = new Uint32Array(count);
    expand(new Uint16Array(bytes, 0, count), bits);
    return new Float32Array(bits.buffer, 0, count);
  };
  return { bytes: 2, decode };
}

/** A bfloat16 is the upper half of a float32. */
function expandBfloat16(source: Uint16Array, bits: Uint32Array): void {
  for (let i = 0; i < source.length; i++) bits[i] = (source[i] ?? 0) << 16;
}

function expandFloat16(source: Uint16Array, bits: Uint32Array): void {
  float16Table ??= buildFloat16Table();
  const table = float16Table;
  for (let i = 0; i < source.length; i++) bits[i] = table[source[i] ?? 0] ?? 0;
}

/** The float32 bits of all 65,536 float16 values: one load per element instead of branches. */
let float16Table: Uint32Array | undefined;

function buildFloat16Table(): Uint32Array {
  const values = Float32Array.from({ length: 1 << 16 }, (_, half) => float16Value(half));
  return new Uint32Array(values.buffer);
}

/** IEEE 754 binary16: (−1)^s · 2^(e−15) · (1 + f/1024), subnormal 2^−14 · f/1024 when e = 0. */
function float16Value(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  if (exponent === 0) return sign * 2 ** -14 * (fraction / 1024);
  return sign * 2 ** (exponent - 15) * (1 + fraction / 1024);
}
