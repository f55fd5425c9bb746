/** 1.5 · 2⁵²: a double of this size has no fraction, so that adding it rounds, halves to even. */
const NO_FRACTION = 6755399441055744;

/** Moves half of an odd number away from zero, and no other float32 over a half: these are 2⁻²⁴ apart. */
const FROM_HALF = 1 + 2 ** -40;

/** The nearest integer, halves to even, of |x| < 2⁵¹. */
export function roundHalfEven(x: number): number {
  return x + NO_FRACTION - NO_FRACTION;
}

/** The nearest integer, halves away from zero, of a float32 below 2²³. */
export function roundHalfAway(x: number): number {
  return x * FROM_HALF + NO_FRACTION - NO_FRACTION;
}
