/**
 * The uniform numbers in [0, 1) that draw an example's labels from the model's distribution, one
 * per position. They depend on the seed, the dataset row and the position alone, so batching and
 * the order of examples change nothing.
 *
 * Counter-based: MurmurHash3's 32-bit finaliser (fmix32) applied to the three numbers in turn.
 */
export function labelUniforms(seed: number, row: number, length: number): Float32Array {
  const stream = mix(mix(seed ^ 0x9e3779b9) + row);
  // 24 bits: every value is a float32, and none rounds up to 1.
  return Float32Array.from({ length }, (_, position) => (mix(stream + position) >>> 8) / 2 ** 24);
}

function mix(input: number): number {
  let x = input | 0;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}
