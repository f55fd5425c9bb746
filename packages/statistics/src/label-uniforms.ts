import { mix, streamStart } from './counter-random.js';

/**
 * The uniform numbers in [0, 1) that draw an example's labels from the model's distribution, one
 * per position. They depend on the seed, the dataset row, the draw and the position alone, so
 * batching and the order of examples change nothing.
 *
 * @param draw from 0; every draw has numbers of its own
 */
export function labelUniforms(seed: number, row: number, length: number, draw = 0): Float32Array {
  // mix(0) is 0, so the first draw is what a single one would be.
  const start = streamStart(seed, row) + mix(draw);
  // 24 bits: every value is a float32, and none rounds up to 1.
  return Float32Array.from({ length }, (_, position) => (mix(start + position) >>> 8) / 2 ** 24);
}
