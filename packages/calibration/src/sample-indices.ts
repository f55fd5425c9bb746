/**
 * `n` of the integers 0..count-1, uniformly and without replacement, in the order drawn; all of them
 * where `n` > `count`. A larger `n` only appends, so a run over 64 examples extends to 128.
 *
 * The first `n` steps of the Fisher-Yates shuffle (Durstenfeld's form, from the front). Its random
 * numbers are xoshiro128** 1.1 seeded by SplitMix64, both as published at https://prng.di.unimi.it;
 * a number below `bound` is a 32-bit output modulo `bound`, outputs at and above the largest
 * multiple of `bound` being dropped.
 *
 * @param count number of examples, at most 2^32
 * @param seed integer from 0 to 2^53 - 1
 */
export function sampleIndices(count: number, n: number, seed: number): number[] {
  const next = xoshiro128StarStar(seedState(seed));
  const moved = new Map<number, number>();
  const at = (position: number): number => moved.get(position) ?? position;
  const sample: number[] = [];
  for (let i = 0; i < Math.min(n, count); i += 1) {
    const j = i + below(count - i, next);
    sample.push(at(j));
    moved.set(j, at(i));
    moved.delete(i);
  }
  return sample;
}

type Xoshiro128State = [number, number, number, number];

/** Period 2^128 - 1; outputs are unsigned 32-bit. */
export function xoshiro128StarStar(state: Xoshiro128State): () => number {
  const s = Uint32Array.from(state) as Uint32Array & Xoshiro128State;
  return () => {
    const result = Math.imul(rotateLeft(Math.imul(s[1], 5), 7), 9) >>> 0;
    const t = s[1] << 9;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotateLeft(s[3], 11);
    return result;
  };
}

/** Outputs are unsigned 64-bit. */
export function splitMix64(seed: bigint): () => bigint {
  let state = seed;
  return () => {
    state = BigInt.asUintN(64, state + 0x9e3779b97f4a7c15n);
    let z = state;
    z = BigInt.asUintN(64, (z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n);
    z = BigInt.asUintN(64, (z ^ (z >> 27n)) * 0x94d049bb133111ebn);
    return z ^ (z >> 31n);
  };
}

/** Two SplitMix64 outputs, low words first. */
function seedState(seed: number): Xoshiro128State {
  const next = splitMix64(BigInt(seed));
  const [a, b] = [next(), next()];
  const word = (value: bigint): number => Number(BigInt.asUintN(32, value));
  return [word(a), word(a >> 32n), word(b), word(b >> 32n)];
}

function below(bound: number, next: () => number): number {
  const limit = 2 ** 32 - (2 ** 32 % bound);
  let value = next();
  while (value >= limit) value = next();
  return value % bound;
}

function rotateLeft(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}
