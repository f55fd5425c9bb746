/**
 * MurmurHash3's 32-bit finaliser (fmix32): a bijection of the 32-bit integers that maps 0 to 0. Random
 * numbers made of it depend on the numbers that go in and on nothing else, such as an order of calls.
 */
export function mix(input: number): number {
  let x = input | 0;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}

/** Where the numbers of one `stream` of a seed start: the i-th of them is mix(start + i). */
export function streamStart(seed: number, stream: number): number {
  return mix(mix(seed ^ 0x9e3779b9) + stream);
}
