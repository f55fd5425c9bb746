import { LayersenseError } from '@layersense/contracts';
import { int, type Value } from '@layersense/onnx-ir';
import type { Forward } from '../forward.js';
import type { RopeConfig } from '../rope-config.js';

/** cos and sin of every position's angles: each [length, rotated width / 2]. */
export interface RotaryTables {
  readonly cos: Value;
  readonly sin: Value;
}

/**
 * The rotation angles of RoPE (Su et al. 2021), rounded to float32 where transformers rounds them
 * (modeling_rope_utils.py keeps inv_freq, the angles and their cosines in float32), so that the
 * model scored is the model people run.
 *
 * @throws LayersenseError `sequence_too_long`, `config_invalid`
 */
export function rotaryTables(f: Forward, rope: RopeConfig, headDim: number): RotaryTables {
  if (rope.type === 'longrope') requireOriginalContext(f, rope.originalMaxPositions);
  const frequencies = inverseFrequencies(rope, headDim);
  const amplitude = rope.type === 'longrope' ? rope.attentionFactor : 1;
  const shape = [f.shape.length, frequencies.length];
  const angles = Array.from({ length: f.shape.length }, (_, position) =>
    frequencies.map((frequency) => Math.fround(position * frequency)),
  ).flat();
  const table = (of: (angle: number) => number) =>
    f.constant(
      shape,
      angles.map((angle) => Math.fround(amplitude * Math.fround(of(angle)))),
    );
  return { cos: table(Math.cos), sin: table(Math.sin) };
}

/** θ^(−2i/d) for i < d/2, d being the rotated width, rescaled as the checkpoint's rope type says. */
export function inverseFrequencies(rope: RopeConfig, headDim: number): number[] {
  const width = Math.trunc(headDim * rope.partial);
  const powers = Array.from({ length: width / 2 }, (_, i) =>
    Math.fround(rope.theta ** ((2 * i) / width)),
  );
  const base = powers.map((power) => Math.fround(1 / power));
  switch (rope.type) {
    case 'default':
      return base;
    case 'linear':
      return base.map((frequency) => Math.fround(frequency / rope.factor));
    case 'llama3':
      return base.map((frequency) => Math.fround(llama3Frequency(frequency, rope)));
    case 'longrope':
      requireFactors(rope.shortFactors, powers.length);
      return powers.map((power, i) => {
        const factor = Math.fround(rope.shortFactors[i] ?? 1);
        return Math.fround(1 / Math.fround(factor * power));
      });
  }
}

/** Beyond it the frequencies are others, for every position of the example. */
function requireOriginalContext({ shape: { length } }: Forward, context: number): void {
  if (length <= context) return;
  throw new LayersenseError(
    'sequence_too_long',
    `An example has ${length} tokens, and this model switches to its long_factor frequencies beyond ${context}, which is not supported. Set max_length to ${context} or less.`,
    { length, original_max_position_embeddings: context },
  );
}

function requireFactors(factors: readonly number[], count: number): void {
  if (factors.length === count) return;
  throw new LayersenseError(
    'config_invalid',
    `config.json gives ${factors.length} values in short_factor where its heads have ${count} frequencies. Restore the original config.json of the checkpoint.`,
    { key: 'short_factor' },
  );
}

/** Llama 3.1's scaling: long wavelengths divided by `factor`, short ones kept, a ramp between. */
function llama3Frequency(frequency: number, rope: Extract<RopeConfig, { type: 'llama3' }>): number {
  const wavelength = (2 * Math.PI) / frequency;
  const context = rope.originalMaxPositions;
  if (wavelength < context / rope.highFrequencyFactor) return frequency;
  if (wavelength > context / rope.lowFrequencyFactor) return frequency / rope.factor;
  const smooth =
    (context / wavelength - rope.lowFrequencyFactor) /
    (rope.highFrequencyFactor - rope.lowFrequencyFactor);
  return ((1 - smooth) * frequency) / rope.factor + smooth * frequency;
}

/**
 * Rotates the two halves of the rotated width against each other, y₁ = x₁ cos − x₂ sin and
 * y₂ = x₂ cos + x₁ sin, and leaves the rest of a head as it is. `x` is [..., length, headDim].
 */
export function rotate(f: Forward, x: Value, { cos, sin }: RotaryTables): Value {
  const { g } = f;
  const half = cos.shape.at(-1) ?? 0;
  const rest = (x.shape.at(-1) ?? 0) - 2 * half;
  const [x1, x2, ...passed] =
    rest === 0
      ? g.ops('Split', [x], { axis: int(-1), num_outputs: int(2) }, { outputs: 2 })
      : g.ops('Split', [x, g.int64([half, half, rest])], { axis: int(-1) }, { outputs: 3 });
  if (!x1 || !x2) throw new RangeError('Split gave fewer than two halves');
  const y1 = g.sub(g.mul(x1, cos), g.mul(x2, sin));
  const y2 = g.add(g.mul(x2, cos), g.mul(x1, sin));
  return g.op('Concat', [y1, y2, ...passed], { axis: int(-1) });
}
