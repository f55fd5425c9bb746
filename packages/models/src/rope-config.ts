import { LayersenseError } from '@layersense/contracts';
import { z } from 'zod';

/** How a checkpoint sets its rotary frequencies. */
export type RopeConfig = {
  readonly theta: number;
  /** The share of a head that rotates; the rest passes unchanged. */
  readonly partial: number;
} & RopeScaling;

type RopeScaling =
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
      readonly type: 'longrope';
      /** What each frequency is divided by within the original context. */
      readonly shortFactors: readonly number[];
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
  factor: positive.optional(),
  low_freq_factor: positive.optional(),
  high_freq_factor: positive.optional(),
  short_factor: z.array(positive).optional(),
  attention_factor: positive.nullish(),
  original_max_position_embeddings: positive.optional(),
  partial_rotary_factor: positive.optional(),
});
type RopeFields = z.infer<typeof RopeFields>;

/** The rotary keys of config.json: `rope_parameters` since transformers 5, several keys before. */
export const RopeKeys = {
  rope_theta: positive.optional(),
  rope_scaling: RopeFields.nullish(),
  rope_parameters: RopeFields.nullish(),
};

interface RopeDefaults {
  readonly theta?: number;
  /** Given by architectures that may rotate a part of each head only. */
  readonly partial?: number;
}

type RopeSource = z.infer<z.ZodObject<typeof RopeKeys>> & {
  readonly max_position_embeddings?: number;
  readonly original_max_position_embeddings?: number | undefined;
  readonly partial_rotary_factor?: number | undefined;
};

/** @throws LayersenseError `config_invalid`, `model_type_unsupported` */
export function parseRope(
  config: RopeSource,
  { theta = 10_000, partial }: RopeDefaults = {},
): RopeConfig {
  const fields = { ...config.rope_scaling, ...config.rope_parameters };
  const share = fields.partial_rotary_factor ?? config.partial_rotary_factor ?? partial ?? 1;
  if (share !== 1 && partial === undefined) throw unsupported('partial_rotary_factor');
  return {
    theta: fields.rope_theta ?? config.rope_theta ?? theta,
    partial: share,
    ...parseScaling(fields, config),
  };
}

function parseScaling(fields: RopeFields, config: RopeSource): RopeScaling {
  const type = fields.rope_type ?? fields.type ?? 'default';
  const originalMaxPositions =
    config.original_max_position_embeddings ?? fields.original_max_position_embeddings;
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
        originalMaxPositions: required(
          originalMaxPositions,
          'original_max_position_embeddings',
          type,
        ),
      };
    case 'longrope':
    // The name of longrope in Phi-3's first files.
    case 'su':
      return longrope(fields, config, originalMaxPositions ?? config.max_position_embeddings);
    default:
      throw unsupported(`rope type ${JSON.stringify(type)}`);
  }
}

/** LongRoPE (Ding et al. 2024) with the attention factor that transformers derives. */
function longrope(
  fields: RopeFields,
  config: RopeSource,
  original: number | undefined,
): RopeScaling {
  const type = 'longrope';
  const context = required(original, 'original_max_position_embeddings', type);
  const factor = fields.factor ?? (config.max_position_embeddings ?? context) / context;
  const derived = factor <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(context));
  return {
    type,
    shortFactors: required(fields.short_factor, 'short_factor', type),
    attentionFactor: fields.attention_factor ?? derived,
    originalMaxPositions: context,
  };
}

function required<T>(value: T | undefined, key: string, type: string): T {
  if (value !== undefined) return value;
  throw new LayersenseError(
    'config_invalid',
    `config.json asks for ${type} rotary scaling but gives no ${key}. Restore the original config.json of the checkpoint.`,
    { key },
  );
}

function unsupported(what: string): LayersenseError {
  return new LayersenseError(
    'model_type_unsupported',
    `config.json uses ${what}, which is not supported for this architecture. Supported rope types: default, linear, llama3, longrope.`,
  );
}
