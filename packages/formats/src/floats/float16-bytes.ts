import { toFloat16 } from './float16.js';

const SMALLEST_STEP = 2 ** -24;
const SMALLEST_NORMAL = 2 ** -14;
const SIGN = 0x8000;
const INFINITY = 0x7c00;

const float = new Float32Array(1);
const floatBits = new Uint32Array(float.buffer);

/** Writes the nearest float16 of a float32 as two bytes, the lower first; the sign of a zero stays. */
export function writeFloat16(bytes: Uint8Array, at: number, value: number): void {
  float[0] = value;
  const sign = ((floatBits[0] ?? 0) >>> 16) & SIGN;
  const bits = sign | magnitudeBits(Math.abs(toFloat16(value)));
  bytes[at] = bits & 0xff;
  bytes[at + 1] = bits >>> 8;
}

/** The float16 of two bytes, the lower first. */
export function readFloat16(bytes: Uint8Array, at: number): number {
  const bits = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8);
  const exponent = (bits >>> 10) & 31;
  const fraction = bits & 1023;
  const sign = bits & SIGN ? -1 : 1;
  if (exponent === 0) return sign * fraction * SMALLEST_STEP;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** @param magnitude a float16 that is not negative */
function magnitudeBits(magnitude: number): number {
  if (magnitude < SMALLEST_NORMAL) return magnitude / SMALLEST_STEP;
  if (magnitude === Number.POSITIVE_INFINITY) return INFINITY;
  float[0] = magnitude;
  // The exponent counts from 127 in float32 and from 15 in float16.
  return ((floatBits[0] ?? 0) - ((127 - 15) << 23)) >>> 13;
}
