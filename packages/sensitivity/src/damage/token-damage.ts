/** What a change of weights does to the predictions of one example, summed over its positions. */
export interface ExampleDamage {
  /** Positions that carry loss. */
  readonly positions: number;
  /** Σₜ of the cross-entropy of the labels before the change, in nats like all that follows. */
  readonly crossEntropy: number;
  /** Σₜ KL(pₜ ‖ p′ₜ). */
  readonly kl: number;
  /** By how much the cross-entropy grows. */
  readonly deltaCrossEntropy: number;
  /** At how many of the positions the most likely token is still a most likely one. */
  readonly agreements: number;
}

/** What {@link damageOfToken} needs of a position. */
export interface TokenSums {
  /** Σ p, of probabilities that need not add up to one. */
  readonly weight: number;
  /** Σ p (exp(d) − d). */
  readonly excess: number;
  /** Σ p d. */
  readonly shift: number;
  /** d[y]. */
  readonly targetShift: number;
}

/**
 * KL(p ‖ p′) and the growth of the cross-entropy at one position, from p = softmax(z) and the
 * differences d of the logits: with E over p,
 *
 *     log E exp(d) = log1p(E expm1(d)),   KL = log E exp(d) − E d,   ΔCE = log E exp(d) − d[y].
 *
 * E expm1(d) is taken apart into E d and E[expm1(d) − d] ≥ 0, which is all that is left of a small
 * change: for d of a thousandth a millionth of the sums, of which float64 has ten digits.
 */
export function damageOfToken({ weight, excess, shift, targetShift }: TokenSums): {
  readonly kl: number;
  readonly deltaCrossEntropy: number;
} {
  const mean = shift / weight;
  const curvature = excess / weight - 1;
  const grown = Math.log1p(curvature + mean);
  return { kl: grown - mean, deltaCrossEntropy: grown - targetShift };
}
