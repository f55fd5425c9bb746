import { int, type Value } from '@layersense/onnx-ir';
import type { Forward } from '../forward.js';
import type { RopeConfig } from '../rope-config.js';

/** cos and sin of every position's angles: each [length, headDim / 2]. */
export interface RotaryTables {
  readonly cos: Value;
  readonly sin: Value;
}

/**
 * The rotation angles of RoPE (Su et al. 2021), rounded to float32 where transformers rounds them
 * (modeling_rope_utils.py keeps inv_freq, the angles and their cosines in float32), so that the
 * model scored is the model people run.
 */
export function rotaryTables(f: Forward, rope: RopeConfig, headDim: number): RotaryTables {
  const frequencies = inverseFrequencies(rope, headDim);
  const shape = [f.shape.length, frequencies.length];
  const angles = Array.from({ length: f.shape.length }, (_, position) =>
    frequencies.map((frequency) => Math.fround(position * frequency)),
  ).flat();
  return {
    cos: f.constant(
      shape,
      angles.map((angle) => Math.fround(Math.cos(angle))),
    ),
    sin: f.constant(
      shape,
      angles.map((angle) => Math.fround(Math.sin(angle))),
    ),
  };
}

/** θ^(−2i/d) for i < d/2, rescaled as the checkpoint's rope type says. */
export function inverseFrequencies(rope: RopeConfig, headDim: number): number[] {
  const base = Array.from({ length: headDim / 2 }, (_, i) =>
    Math.fround(1 / Math.fround(rope.theta ** ((2 * i) / headDim))),
  );
  switch (rope.type) {
    case 'default':
      return base;
    case 'linear':
      return base.map((frequency) => Math.fround(frequency / rope.factor));
    case 'llama3':
      return base.map((frequency) => Math.fround(llama3Frequency(frequency, rope)));
  }
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
 * Rotates the two halves of the last axis against each other:
 * y₁ = x₁ cos − x₂ sin, y₂ = x₂ cos + x₁ sin. `x` is [..., length, headDim].
 */
export function rotate(f: Forward, x: Value, { cos, sin }: RotaryTables): Value {
  const { g } = f;
  const [x1, x2] = g.ops('Split', [x], { axis: int(-1), num_outputs: int(2) }, { outputs: 2 });
  if (!x1 || !x2) throw new RangeError('Split gave fewer than two halves');
  const y1 = g.sub(g.mul(x1, cos), g.mul(x2, sin));
  const y2 = g.add(g.mul(x2, cos), g.mul(x1, sin));
  return g.op('Concat', [y1, y2], { axis: int(-1) });
}
