import { LayersenseError } from '@layersense/contracts';
import { int, type Value } from '@layersense/onnx-ir';
import type { Forward } from '../forward.js';
import type { RopeConfig } from '../rope-config.js';
import { inverseFrequencies, requireEven, rotatedDimensions } from './rotary-frequencies.js';

/** cos and sin of every position's angles: each [length, rotated pairs]. */
export interface RotaryTables {
  readonly cos: Value;
  readonly sin: Value;
}

export interface RotaryOptions {
  /** Whether one dimension more is rotated where their number is odd; refused by default. */
  readonly oddRoundsUp?: boolean;
}

/**
 * The rotation angles of RoPE (Su et al. 2021), rounded to float32 where transformers rounds them
 * (modeling_rope_utils.py keeps inv_freq, the angles and their cosines in float32), so that the
 * model scored is the model people run. Of a model whose frequencies depend on the length of an
 * example (`frequenciesByLength`), they are those of this graph's.
 *
 * @throws LayersenseError `config_invalid`
 */
export function rotaryTables(
  f: Forward,
  rope: RopeConfig,
  headDim: number,
  { oddRoundsUp = false }: RotaryOptions = {},
): RotaryTables {
  if (!oddRoundsUp) requireEven(rotatedDimensions(rope, headDim), 'this architecture');
  const frequencies = inverseFrequencies(rope, headDim, f.shape.length);
  requireWithinHead(frequencies.length, headDim);
  const amplitude = 'attentionFactor' in rope ? rope.attentionFactor : 1;
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

function requireWithinHead(pairs: number, headDim: number): void {
  if (2 * pairs <= headDim) return;
  throw new LayersenseError(
    'config_invalid',
    `config.json is not usable: head_dim: heads of ${headDim} dimensions cannot have ${pairs} pairs of them rotated. Restore the original config.json of the checkpoint.`,
    { key: 'head_dim' },
  );
}

/**
 * Rotates the two halves of the rotated width against each other, y₁ = x₁ cos − x₂ sin and
 * y₂ = x₂ cos + x₁ sin, and leaves the rest of a head as it is. `x` is [..., length, headDim].
 */
export function rotate(f: Forward, x: Value, { cos, sin }: RotaryTables): Value {
  const { g } = f;
  const half = cos.shape.at(-1) ?? 0;
  if (half === 0) return x;
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
