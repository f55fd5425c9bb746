import { mix, streamStart } from './counter-random.js';

/** Keeps the draws of masks apart from those of labels with the same seed and row. */
const MASK_STREAM = 0x6d61_736b;

/**
 * Which of an example's `eligible` positions are masked: each with `probability`, independently, and
 * where that leaves none, the one that came closest. Depends on the seed, the dataset row and the
 * positions alone, so batching and the other examples change nothing.
 *
 * @param eligible positions of tokens that may be masked, at least one
 */
export function maskedPositions(
  eligible: readonly number[],
  {
    seed,
    row,
    probability,
  }: { readonly seed: number; readonly row: number; readonly probability: number },
): readonly number[] {
  const start = streamStart(mix(seed ^ MASK_STREAM), row);
  const uniform = (position: number) => mix(start + position) / 2 ** 32;
  const masked = eligible.filter((position) => uniform(position) < probability);
  if (masked.length > 0) return masked;
  return eligible.toSorted((a, b) => uniform(a) - uniform(b)).slice(0, 1);
}
