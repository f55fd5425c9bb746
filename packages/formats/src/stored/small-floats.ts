/**
 * The value of every code of a binary floating-point type that has a sign bit, then so many bits of
 * exponent and of mantissa. With `infinities` the largest exponent is kept for them and NaN, as in IEEE
 * 754; without, only the code of all ones is NaN where `nan` says so.
 */
function valuesOf(type: {
  readonly exponentBits: number;
  readonly mantissaBits: number;
  readonly bias: number;
  readonly special: 'none' | 'nan' | 'infinities';
}): Float32Array {
  const { exponentBits, mantissaBits, bias, special } = type;
  const signBit = exponentBits + mantissaBits;
  const largestExponent = 2 ** exponentBits - 1;
  return Float32Array.from({ length: 2 ** (signBit + 1) }, (_, code) => {
    const sign = code >> signBit ? -1 : 1;
    const exponent = (code >> mantissaBits) & largestExponent;
    const mantissa = code & (2 ** mantissaBits - 1);
    if (special === 'infinities' && exponent === largestExponent) {
      return mantissa === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
    }
    const isNotANumber = special === 'nan' && (code & (2 ** signBit - 1)) === 2 ** signBit - 1;
    if (isNotANumber) return Number.NaN;
    const fraction = mantissa / 2 ** mantissaBits;
    return exponent === 0
      ? sign * fraction * 2 ** (1 - bias)
      : sign * (1 + fraction) * 2 ** (exponent - bias);
  });
}

/** FP8 E4M3 by its code: to 448, no infinities, 0x7F and 0xFF are NaN (OCP OFP8 1.0, table 1). */
export const e4m3Values = valuesOf({ exponentBits: 4, mantissaBits: 3, bias: 7, special: 'nan' });

/** FP8 E5M2 by its code: to 57344, with infinities and NaN as IEEE 754 has them (OCP OFP8 1.0, table 1). */
export const e5m2Values = valuesOf({
  exponentBits: 5,
  mantissaBits: 2,
  bias: 15,
  special: 'infinities',
});

/** FP4 E2M1 by its code: 0, 0.5, 1, 1.5, 2, 3, 4 and 6, then their negatives (OCP MX 1.0, table 5). */
export const e2m1Values = valuesOf({ exponentBits: 2, mantissaBits: 1, bias: 1, special: 'none' });

/** The scale E8M0 by its code: 2^(code − 127), and NaN for 255 (OCP MX 1.0, section 5.4.1). */
export const e8m0Values = Float32Array.from({ length: 256 }, (_, code) =>
  code === 255 ? Number.NaN : 2 ** (code - 127),
);

/** What each byte is worth, to as many values of `out` as there are bytes. */
export function lookUp(table: Float32Array, bytes: Uint8Array, out: Float32Array): void {
  for (let i = 0; i < bytes.length; i++) out[i] = table[bytes[i] ?? 0] ?? 0;
}

/** Two FP4 values from each byte, that of the lower four bits first. */
export function lookUpPairs(bytes: Uint8Array, out: Float32Array): void {
  for (let i = 0; i < bytes.length; i++) {
    const pair = bytes[i] ?? 0;
    out[2 * i] = e2m1Values[pair & 15] ?? 0;
    out[2 * i + 1] = e2m1Values[pair >> 4] ?? 0;
  }
}
