/** A stream of pseudo-random numbers that a seed determines (Mulberry32). */
export interface RandomStream {
  /** Uniform in [0, 1). */
  uniform(): number;
  /** Standard normal. */
  normal(): number;
}

export function randomStream(seed: number): RandomStream {
  let state = seed >>> 0;
  const uniform = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    uniform,
    // Box-Muller; 1 − u keeps the logarithm finite.
    normal: () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
  };
}

/**
 * How elements are drawn. `positive`: uniform in [0.5, 2], for ln, √ and powers. `spread`: distinct
 * over all spread inputs of a case, at least 0.07 from each other, from 0 and from every multiple
 * of 0.2, so that no kink lies within reach of a finite difference.
 */
export type Sampling = 'normal' | 'positive' | 'spread';

/** Draws `counts.length` tensors of the given element counts. */
export function drawTensors(
  random: RandomStream,
  counts: readonly { readonly count: number; readonly sampling: Sampling }[],
): readonly number[][] {
  const spreadTotal = counts.reduce(
    (total, { count, sampling }) => total + (sampling === 'spread' ? count : 0),
    0,
  );
  const pool = shuffled(random, spreadTotal);
  const draw = {
    normal: () => random.normal(),
    positive: () => 0.5 + 1.5 * random.uniform(),
    spread: () => {
      const slot = pool.pop() ?? 0;
      const centred = slot - Math.floor(spreadTotal / 2);
      return 0.1 * (2 * centred + 1) + 0.06 * (random.uniform() - 0.5);
    },
  };
  return counts.map(({ count, sampling }) => Array.from({ length: count }, draw[sampling]));
}

function shuffled(random: RandomStream, count: number): number[] {
  const order = Array.from({ length: count }, (_, i) => ({ i, key: random.uniform() }));
  return order.sort((a, b) => a.key - b.key).map(({ i }) => i);
}
