/** Super-blocks of each kind. */
const BLOCKS = 128;
/** The kinds have the seeds from here on, with which some sub-blocks of q3_k need all five rounds. */
const FIRST_SEED = 30;

type Value = (uniform: () => number, i: number) => number;

/** Kinds of values, the same as those of scripts/python/make_k_quant_digests.py, which has ggml round them. */
const kinds: Readonly<Record<string, Value>> = {
  bell: (uniform) => bell(uniform) / 32,
  outliers: (uniform) => (uniform() < 0.9 ? cubed(bell(uniform)) / 16 : bell(uniform) * 4),
  offset: (uniform) => bell(uniform) / 32 + 0.03125,
  positive: (uniform) => Math.abs(bell(uniform)),
  negative: (uniform) => -Math.abs(bell(uniform)) / 1024,
  'sub-blocks down to subnormals': (uniform, i) => bell(uniform) * scaleOf(Math.floor(i / 16)),
  'super-blocks down to subnormals': (uniform, i) => bell(uniform) * scaleOf(Math.floor(i / 256)),
  'grid with ties': (uniform) => Math.floor(bell(uniform) * 4 + 0.5) / 64,
  sparse: (uniform) => (uniform() < 0.0625 ? bell(uniform) : 0),
  bfloat16: (uniform) => truncatedToBfloat16(bell(uniform) / 16),
};

/** Values of every kind by its name. */
export const superBlocks: ReadonlyMap<string, Float32Array> = new Map(
  Object.entries(kinds).map(([kind, value], i) => {
    const uniform = uniforms(FIRST_SEED + i);
    return [kind, Float32Array.from({ length: BLOCKS * 256 }, (_, at) => value(uniform, at))];
  }),
);

/** A linear congruential generator modulo 2³² (Numerical Recipes), as numbers from 0 to 1. */
function uniforms(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** About normal: the sum of six, without a function that platforms round differently. */
function bell(uniform: () => number): number {
  return uniform() + uniform() + uniform() + uniform() + uniform() + uniform() - 3;
}

function cubed(x: number): number {
  return x * x * x;
}

function scaleOf(block: number): number {
  return 2 ** (((block * 37) % 160) - 145);
}

function truncatedToBfloat16(x: number): number {
  const float = Float32Array.of(x);
  const words = new Uint16Array(float.buffer);
  words[0] = 0;
  return float[0] ?? 0;
}
