/** 1.5 · 2⁵²: a double of this size has no fraction, so that adding it rounds, halves to even. */
const NO_FRACTION = 6755399441055744;

/** The nearest integer, halves to even, of |x| < 2⁵¹. */
export function roundHalfEven(x: number): number {
  return x + NO_FRACTION - NO_FRACTION;
}
