/** What compressed-tensors takes for a scale that is zero: the epsilon of float32. */
export const ZERO_SCALE = 2 ** -23;
