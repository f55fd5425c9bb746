import { LayersenseError } from '@layersense/contracts';
import { z } from 'zod';
import { OTHER_WAYS } from './other-ways.js';

/** How a checkpoint sets its rotary frequencies. */
export type RopeConfig = {
  readonly theta: number;
  /** The share of a head that rotates; the rest passes unchanged. */
  readonly partial: number;
} & RopeScaling;

export type RopeScaling =
  | { readonly type: 'default' }
  | { readonly type: 'linear'; readonly factor: number }
  | {
      readonly type: 'llama3';
      readonly factor: number;
      readonly lowFrequencyFactor: number;
      readonly highFrequencyFactor: number;
      readonly originalMaxPositions: number;
    }
  | {
      readonly type: 'yarn';
      readonly factor: number;
      /** Turns within the original context from which a frequency is kept, and below which it is divided. */
      readonly fastTurns: number;
      readonly slowTurns: number;
      /** Whether the ramp between them begins and ends at whole frequencies. */
      readonly wholeFrequencies: boolean;
      /** What cosines and sines are multiplied by. */
      readonly attentionFactor: number;
      readonly originalMaxPositions: number;
    }
  | {
      /** The base grows with the length of an example that is longer than `maxPositions`. */
      readonly type: 'dynamic';
      readonly factor: number;
      readonly maxPositions: number;
    }
  | {
      readonly type: 'longrope';
      /** What each frequency is divided by: in examples within the original context, and in longer ones. */
      readonly shortFactors: readonly number[];
      readonly longFactors: readonly number[];
      /** What cosines and sines are multiplied by. */
      readonly attentionFactor: number;
      readonly originalMaxPositions: number;
    };

const positive = z.number().positive();

export const RopeFields = z.object({
  rope_theta: positive.optional(),
  rope_type: z.string().optional(),
  /** The key's name before transformers 4.43. */
  type: z.string().optional(),
  factor: positive.nullish(),
  low_freq_factor: positive.optional(),
  high_freq_factor: positive.optional(),
  short_factor: z.array(positive).optional(),
  long_factor: z.array(positive).optional(),
  attention_factor: positive.nullish(),
  beta_fast: positive.nullish(),
  beta_slow: positive.nullish(),
  mscale: z.number().nullish(),
  mscale_all_dim: z.number().nullish(),
  truncate: z.boolean().optional(),
  original_max_position_embeddings: positive.nullish(),
  partial_rotary_factor: positive.nullish(),
});
type RopeFields = z.infer<typeof RopeFields>;

/** The rotary keys of config.json: `rope_parameters` since transformers 5, several keys before. */
export const RopeKeys = {
  rope_theta: positive.optional(),
  rope_scaling: RopeFields.nullish(),
  rope_parameters: RopeFields.nullish(),
  partial_rotary_factor: positive.nullish(),
};

interface RopeDefaults {
  readonly theta?: number;
  /** Given by architectures that may rotate a part of each head only. */
  readonly partial?: number;
}

export type RopeSource = z.infer<z.ZodObject<typeof RopeKeys>> & {
  readonly max_position_embeddings: number;
  readonly original_max_position_embeddings?: number | undefined;
};

/** @throws LayersenseError `config_invalid`, `model_type_unsupported` */
export function parseRope(
  config: RopeSource,
  { theta = 10_000, partial }: RopeDefaults = {},
): RopeConfig {
  const fields = agreeing(config);
  const scaling = parseScaling(fields, config);
  return {
    theta: fields.rope_theta ?? config.rope_theta ?? theta,
    partial: rotatedShare(
      fields.partial_rotary_factor ?? config.partial_rotary_factor,
      scaling,
      partial,
    ),
    ...scaling,
  };
}

/** `rope_parameters` is what transformers 5 writes in place of `rope_scaling`; who has edited one may have left the other. */
function agreeing({
  rope_scaling: scaling,
  rope_parameters: parameters,
}: RopeSource): z.infer<typeof RopeFields> {
  if (!scaling || !parameters) return scaling ?? parameters ?? {};
  const named = ({ type, rope_type = type, ...others }: z.infer<typeof RopeFields>) =>
    Object.entries({ rope_type, ...others }).filter(([, value]) => value !== undefined);
  const theirs = new Map<string, unknown>(named(parameters));
  const other = named(scaling).find(
    ([key, value]) => JSON.stringify(value) !== JSON.stringify(theirs.get(key)),
  );
  if (!other) return { ...scaling, ...parameters };
  throw new LayersenseError(
    'config_invalid',
    `config.json has rope_scaling and rope_parameters, which differ in ${other[0]}. transformers takes rope_scaling alone then. Write what is meant into one of the two and remove the other.`,
    { key: 'rope_scaling' },
  );
}

/**
 * transformers' models that rotate whole heads do not read the share with default frequencies, and fail
 * with all others, which do.
 */
function rotatedShare(
  asked: number | null | undefined,
  { type }: RopeScaling,
  partial: number | undefined,
): number {
  if (partial !== undefined) return asked ?? partial;
  if ((asked ?? 1) === 1 || type === 'default') return 1;
  throw new LayersenseError(
    'config_invalid',
    `config.json has partial_rotary_factor ${asked} with ${type} rotary scaling, but this architecture rotates whole heads. Remove the key, or restore the original config.json of the checkpoint.`,
    { key: 'partial_rotary_factor' },
  );
}

function parseScaling(fields: RopeFields, config: RopeSource): RopeScaling {
  const type = fields.rope_type ?? fields.type ?? 'default';
  // transformers reads the key beside the rotary ones first, as in Phi-3's files.
  const originalMaxPositions =
    config.original_max_position_embeddings ??
    fields.original_max_position_embeddings ??
    config.max_position_embeddings;
  switch (type) {
    case 'default':
      return { type };
    case 'linear':
      return { type, factor: required(fields.factor, 'factor', type) };
    case 'llama3':
      return {
        type,
        factor: required(fields.factor, 'factor', type),
        lowFrequencyFactor: required(fields.low_freq_factor, 'low_freq_factor', type),
        highFrequencyFactor: required(fields.high_freq_factor, 'high_freq_factor', type),
        originalMaxPositions,
      };
    case 'dynamic':
      return {
        type,
        factor: required(fields.factor, 'factor', type),
        maxPositions: config.max_position_embeddings,
      };
    case 'yarn':
      return yarn(fields, config, originalMaxPositions);
    case 'longrope':
    // The name of longrope in Phi-3's first files.
    case 'su':
      return longrope(fields, config, originalMaxPositions);
    default:
      throw new LayersenseError(
        'model_type_unsupported',
        `config.json uses the rope type ${JSON.stringify(type)}; supported are default, linear, llama3, yarn, dynamic and longrope. ${OTHER_WAYS}`,
        { rope_type: type },
      );
  }
}

/** YaRN (Peng et al. 2023) with the attention factor that transformers derives. */
function yarn(fields: RopeFields, config: RopeSource, original: number): RopeScaling {
  const factor = fields.factor ?? config.max_position_embeddings / original;
  const growth = (scale: number) => (factor <= 1 ? 1 : 0.1 * scale * Math.log(factor) + 1);
  const { mscale, mscale_all_dim: ofAll } = fields;
  const derived = mscale && ofAll ? growth(mscale) / growth(ofAll) : growth(1);
  return {
    type: 'yarn',
    factor,
    fastTurns: fields.beta_fast ?? 32,
    slowTurns: fields.beta_slow ?? 1,
    wholeFrequencies: fields.truncate ?? true,
    attentionFactor: fields.attention_factor ?? derived,
    originalMaxPositions: original,
  };
}

/** LongRoPE (Ding et al. 2024) with the attention factor that transformers derives. */
function longrope(fields: RopeFields, config: RopeSource, original: number): RopeScaling {
  const type = 'longrope';
  const factor = fields.factor ?? config.max_position_embeddings / original;
  const derived = factor <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(original));
  return {
    type,
    shortFactors: required(fields.short_factor, 'short_factor', type),
    longFactors: required(fields.long_factor, 'long_factor', type),
    attentionFactor: fields.attention_factor ?? derived,
    originalMaxPositions: original,
  };
}

function required<T>(value: T | null | undefined, key: string, type: string): T {
  if (value !== undefined && value !== null) return value;
  throw new LayersenseError(
    'config_invalid',
    `config.json asks for ${type} rotary scaling but gives no ${key}. Restore the original config.json of the checkpoint.`,
    { key },
  );
}

/**
 * Which lengths have the same frequencies, as a number that they share; undefined where all have. The
 * frequencies of an example are those of its own length, so examples of others are not of its batch.
 */
export function frequenciesByLength(rope: RopeConfig): ((length: number) => number) | undefined {
  switch (rope.type) {
    case 'dynamic':
      return (length) => Math.max(length, rope.maxPositions);
    case 'longrope':
      return (length) => (length > rope.originalMaxPositions ? 1 : 0);
    default:
      return undefined;
  }
}
