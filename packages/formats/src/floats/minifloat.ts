/** A floating-point type of a few bits, without infinities. */
export interface Minifloat {
  /** The largest magnitude, which everything beyond it becomes. */
  readonly largest: number;
  /** By the leading bits of a float32 and whether others follow, what it is rounded to. */
  readonly table: Float32Array;
  /** Bits of a float32 that only tell whether others follow. */
  readonly shift: number;
}

const MANTISSA_BITS = 23;

const float = new Float32Array(1);
const floatBits = new Uint32Array(float.buffer);

/**
 * A type with so many bits of mantissa, whose subnormals begin below 2^smallestExponent. Values go to the
 * nearest, halves to the even mantissa: where values meet has one bit of mantissa more than they, so
 * that sign, exponent, that many bits and whether any other follows decide.
 */
export function minifloat(
  mantissaBits: number,
  smallestExponent: number,
  largest: number,
): Minifloat {
  const shift = MANTISSA_BITS - mantissaBits - 1;
  const table = new Float32Array(2 ** (33 - shift));
  for (let i = 0; i < table.length; i++) {
    floatBits[0] = ((i >>> 1) << shift) | (i & 1);
    const value = float[0] ?? 0;
    const magnitude = rounded(Math.abs(value), mantissaBits, smallestExponent, largest);
    table[i] = value < 0 || Object.is(value, -0) ? -magnitude : magnitude;
  }
  return { largest, table, shift };
}

function rounded(
  magnitude: number,
  mantissaBits: number,
  smallestExponent: number,
  largest: number,
): number {
  if (!(magnitude < largest)) return largest;
  const exponent = Math.max(Math.floor(Math.log2(magnitude)), smallestExponent);
  const step = 2 ** (exponent - mantissaBits);
  const steps = magnitude / step;
  const below = Math.floor(steps);
  const half = steps - below;
  const up = half > 0.5 || (half === 0.5 && below % 2 === 1);
  return Math.min((up ? below + 1 : below) * step, largest);
}

/** The nearest value of the type. */
export function toMinifloat({ table, shift }: Minifloat, value: number): number {
  float[0] = value;
  return table[tableIndex(floatBits[0] ?? 0, shift)] ?? 0;
}

/** y = the nearest value to x / s, times s, in float32. */
export function toNearestScaled(
  values: Float32Array,
  start: number,
  end: number,
  out: Float32Array,
  scale: number,
  { table, shift }: Minifloat,
): void {
  const inverse = 1 / scale;
  for (let i = start; i < end; i++) {
    float[0] = (values[i] ?? 0) * inverse;
    out[i] = (table[tableIndex(floatBits[0] ?? 0, shift)] ?? 0) * scale;
  }
}

function tableIndex(bits: number, shift: number): number {
  const rest = bits & ((1 << shift) - 1);
  return ((bits >>> shift) << 1) | (-rest >>> 31);
}

/** FP8 of four exponent bits, without infinities: to 448 (OCP OFP8 1.0). */
export const e4m3 = minifloat(3, -6, 448);
/** FP4: 0, 0.5, 1, 1.5, 2, 3, 4 and 6 (OCP MX 1.0, 5.3.3). */
export const e2m1 = minifloat(1, 0, 6);
/** FP6 of two exponent bits: to 7.5 in steps of 1/8 and more (OCP MX 1.0, 5.3.2). */
export const e2m3 = minifloat(3, 0, 7.5);
/** FP6 of three exponent bits: to 28 in steps of 1/16 and more (OCP MX 1.0, 5.3.2). */
export const e3m2 = minifloat(2, -2, 28);
