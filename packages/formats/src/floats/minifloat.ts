import { roundHalfEven } from '../rounding/nearest-integer.js';

/** A floating-point type of a few bits, without infinities. */
export interface Minifloat {
  readonly mantissaBits: number;
  /** Of the smallest power of two with a full mantissa; below it steps stay the same. */
  readonly smallestExponent: number;
  /** The largest magnitude, which everything beyond it becomes. */
  readonly largest: number;
}

/** FP8 of four exponent bits, without infinities: to 448 (OCP OFP8 1.0). */
export const e4m3: Minifloat = { mantissaBits: 3, smallestExponent: -6, largest: 448 };
/** FP4: 0, 0.5, 1, 1.5, 2, 3, 4 and 6 (OCP MX 1.0, 5.3.3). */
export const e2m1: Minifloat = { mantissaBits: 1, smallestExponent: 0, largest: 6 };
/** FP6 of two exponent bits: to 7.5 in steps of 1/8 and more (OCP MX 1.0, 5.3.2). */
export const e2m3: Minifloat = { mantissaBits: 3, smallestExponent: 0, largest: 7.5 };
/** FP6 of three exponent bits: to 28 in steps of 1/16 and more (OCP MX 1.0, 5.3.2). */
export const e3m2: Minifloat = { mantissaBits: 2, smallestExponent: -2, largest: 28 };

/** The nearest value of the type, halves to the even mantissa. */
export function toMinifloat(
  { mantissaBits, smallestExponent, largest }: Minifloat,
  value: number,
): number {
  const magnitude = Math.abs(value);
  const exponent = Math.max(Math.floor(Math.log2(magnitude)), smallestExponent);
  const step = 2 ** (exponent - mantissaBits);
  const rounded = Math.min(roundHalfEven(magnitude / step) * step, largest);
  return value < 0 ? -rounded : rounded;
}
