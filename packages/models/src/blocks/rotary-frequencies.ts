import { LayersenseError } from '@layersense/contracts';
import type { RopeConfig, RopeScaling } from '../rope-config.js';

type Scaling<Type extends RopeScaling['type']> = Extract<RopeScaling, { type: Type }>;

/**
 * θ^(−2i/d) for the ⌈d/2⌉ pairs of d rotated dimensions, rescaled as the checkpoint's rope type says for
 * an example of `length` tokens, in float32 as transformers computes them (modeling_rope_utils.py).
 *
 * @throws LayersenseError `config_invalid`
 */
export function inverseFrequencies(rope: RopeConfig, headDim: number, length: number): number[] {
  const width = rotatedDimensions(rope, headDim);
  const powers = powersOf(rope.theta, width);
  const base = powers.map((power) => Math.fround(1 / power));
  switch (rope.type) {
    case 'default':
      return base;
    case 'linear':
      return base.map((frequency) => Math.fround(frequency / rope.factor));
    case 'llama3':
      return base.map((frequency) => Math.fround(llama3Frequency(frequency, rope)));
    case 'yarn':
      return yarnFrequencies(powers, width, rope);
    case 'dynamic':
      return powersOf(grownBase(rope, width, length), width).map((power) => Math.fround(1 / power));
    case 'longrope':
      return longropeFrequencies(powers, length, rope);
  }
}

/** d, of which the last may be without a partner. */
export function rotatedDimensions({ partial }: RopeConfig, headDim: number): number {
  return Math.trunc(headDim * partial);
}

function powersOf(theta: number, width: number): number[] {
  return Array.from({ length: Math.ceil(width / 2) }, (_, i) =>
    Math.fround(theta ** ((2 * i) / width)),
  );
}

/** Llama 3.1's scaling: long wavelengths divided by `factor`, short ones kept, a ramp between. */
function llama3Frequency(frequency: number, rope: Scaling<'llama3'>): number {
  const wavelength = (2 * Math.PI) / frequency;
  const context = rope.originalMaxPositions;
  if (wavelength < context / rope.highFrequencyFactor) return frequency;
  if (wavelength > context / rope.lowFrequencyFactor) return frequency / rope.factor;
  const smooth =
    (context / wavelength - rope.lowFrequencyFactor) /
    (rope.highFrequencyFactor - rope.lowFrequencyFactor);
  return ((1 - smooth) * frequency) / rope.factor + smooth * frequency;
}

/** The last frequencies divided by `factor`, the first ones kept, a ramp between (Peng et al. 2023). */
function yarnFrequencies(
  powers: readonly number[],
  width: number,
  rope: Scaling<'yarn'> & { readonly theta: number },
): number[] {
  requireEven(width, 'yarn');
  const frequencyOfTurns = (turns: number) =>
    (width * Math.log(rope.originalMaxPositions / (turns * 2 * Math.PI))) /
    (2 * Math.log(rope.theta));
  const round = (x: number, whole: (x: number) => number) => (rope.wholeFrequencies ? whole(x) : x);
  const from = Math.max(round(frequencyOfTurns(rope.fastTurns), Math.floor), 0);
  const end = Math.min(round(frequencyOfTurns(rope.slowTurns), Math.ceil), width - 1);
  const to = from === end ? end + 0.001 : end;
  return powers.map((power, i) => {
    const ramp = Math.fround(Math.min(Math.max((i - from) / (to - from), 0), 1));
    const kept = Math.fround(1 - ramp);
    const divided = Math.fround(1 / Math.fround(rope.factor * power));
    return Math.fround(
      Math.fround(divided * Math.fround(1 - kept)) + Math.fround(Math.fround(1 / power) * kept),
    );
  });
}

/** The base of an example that is longer than the model's positions (dynamic NTK scaling). */
function grownBase(
  { theta, factor, maxPositions }: Scaling<'dynamic'> & { readonly theta: number },
  width: number,
  length: number,
): number {
  if (width <= 2)
    throw invalid('head_dim', 'dynamic rotary scaling needs more than two dimensions');
  const reach = (factor * Math.max(length, maxPositions)) / maxPositions - (factor - 1);
  return theta * reach ** (width / (width - 2));
}

function longropeFrequencies(
  powers: readonly number[],
  length: number,
  rope: Scaling<'longrope'>,
): number[] {
  const { shortFactors, longFactors, originalMaxPositions } = rope;
  requireFactors(shortFactors, powers.length, 'short_factor');
  requireFactors(longFactors, powers.length, 'long_factor');
  const factors = length > originalMaxPositions ? longFactors : shortFactors;
  return powers.map((power, i) => {
    const factor = Math.fround(factors[i] ?? 1);
    return Math.fround(1 / Math.fround(factor * power));
  });
}

function requireFactors(factors: readonly number[], count: number, key: string): void {
  if (factors.length === count) return;
  throw invalid(key, `it has ${factors.length} values where heads have ${count} frequencies`);
}

/** @throws LayersenseError `config_invalid` */
export function requireEven(width: number, where: string): void {
  if (width % 2 === 0) return;
  throw invalid(
    'head_dim',
    `${where} rotates dimensions in pairs, and ${width} of every head are to be rotated (head_dim, or hidden_size by num_attention_heads, times partial_rotary_factor)`,
  );
}

function invalid(key: string, problem: string): LayersenseError {
  return new LayersenseError(
    'config_invalid',
    `config.json is not usable: ${key}: ${problem}. Restore the original config.json of the checkpoint.`,
    { key },
  );
}
