import { LayersenseError } from '@layersense/contracts';
import { z } from 'zod';

/** How a checkpoint sets its rotary frequencies. */
export type RopeConfig =
  | { readonly type: 'default'; readonly theta: number }
  | { readonly type: 'linear'; readonly theta: number; readonly factor: number }
  | {
      readonly type: 'llama3';
      readonly theta: number;
      readonly factor: number;
      readonly lowFrequencyFactor: number;
      readonly highFrequencyFactor: number;
      readonly originalMaxPositions: number;
    };

const positive = z.number().positive();

const RopeFields = z.object({
  rope_theta: positive.optional(),
  rope_type: z.string().optional(),
  /** The key's name before transformers 4.43. */
  type: z.string().optional(),
  factor: positive.optional(),
  low_freq_factor: positive.optional(),
  high_freq_factor: positive.optional(),
  original_max_position_embeddings: positive.optional(),
  partial_rotary_factor: positive.optional(),
});

/** The rotary keys of config.json: `rope_parameters` since transformers 5, two keys before. */
export const RopeKeys = {
  rope_theta: positive.optional(),
  rope_scaling: RopeFields.nullish(),
  rope_parameters: RopeFields.nullish(),
};

const DEFAULT_THETA = 10_000;

/** @throws LayersenseError `config_invalid`, `model_type_unsupported` */
export function parseRope(config: z.infer<z.ZodObject<typeof RopeKeys>>): RopeConfig {
  const fields = { ...config.rope_scaling, ...config.rope_parameters };
  const theta = fields.rope_theta ?? config.rope_theta ?? DEFAULT_THETA;
  const type = fields.rope_type ?? fields.type ?? 'default';
  if ((fields.partial_rotary_factor ?? 1) !== 1) throw unsupported('partial_rotary_factor');
  switch (type) {
    case 'default':
      return { type, theta };
    case 'linear':
      return { type, theta, factor: required(fields.factor, 'factor', type) };
    case 'llama3':
      return {
        type,
        theta,
        factor: required(fields.factor, 'factor', type),
        lowFrequencyFactor: required(fields.low_freq_factor, 'low_freq_factor', type),
        highFrequencyFactor: required(fields.high_freq_factor, 'high_freq_factor', type),
        originalMaxPositions: required(
          fields.original_max_position_embeddings,
          'original_max_position_embeddings',
          type,
        ),
      };
    default:
      throw unsupported(`rope type ${JSON.stringify(type)}`);
  }
}

function required(value: number | undefined, key: string, type: string): number {
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
    `config.json uses ${what}, which is not supported for this architecture. Supported rope types: default, linear, llama3.`,
  );
}
