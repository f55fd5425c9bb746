import type { Value } from '@layersense/onnx-ir';
import { z } from 'zod';
import { causalMasks } from '../blocks/causal-masks.js';
import { rotaryTables } from '../blocks/rotary.js';
import type { Forward } from '../forward.js';
import { layerSlides } from '../layer-windows.js';
import { parseRope, type RopeConfig, RopeFields } from '../rope-config.js';
import { Gemma2Config, gemmaDecoder, gemmaLayer } from './gemma2.js';

/** Gemma 3 is Gemma 2 with norms over every head of q and k, and two sets of rotary frequencies. */
export const Gemma3TextConfig = Gemma2Config.extend({
  max_position_embeddings: z.number().int().positive().default(131_072),
  attn_logit_softcapping: z.literal(null).default(null),
  final_logit_softcapping: z.number().positive().nullable().default(null),
  /** Every n-th layer attends to everything; files with `layer_types` do not need it. */
  sliding_window_pattern: z.number().int().positive().default(6),
  rope_local_base_freq: z.number().positive().default(10_000),
  rope_parameters: z
    .object({
      full_attention: RopeFields.nullish(),
      sliding_attention: RopeFields.nullish(),
    })
    .nullish(),
});
export type Gemma3TextConfig = z.infer<typeof Gemma3TextConfig>;

/** The frequencies of the layers that attend to everything, and of those with a window. */
export function gemma3Ropes(config: Gemma3TextConfig): {
  readonly everywhere: RopeConfig;
  readonly nearby: RopeConfig;
} {
  const { rope_parameters: ropes, rope_local_base_freq: theta } = config;
  const { max_position_embeddings, partial_rotary_factor } = config;
  const shared = { max_position_embeddings, partial_rotary_factor };
  return {
    everywhere: parseRope(
      { ...config, rope_parameters: ropes?.full_attention },
      { theta: 1_000_000 },
    ),
    nearby: parseRope({ ...shared, rope_parameters: ropes?.sliding_attention }, { theta }),
  };
}

/** Gemma3Model: token ids → hidden states [batch · length, width]. */
export function gemma3Text(f: Forward, config: Gemma3TextConfig, inputIds: Value): Value {
  const { everywhere, nearby } = gemma3Ropes(config);
  const rotaryEverywhere = rotaryTables(f, everywhere, config.head_dim);
  const rotaryNearby = rotaryTables(f, nearby, config.head_dim);
  const pattern = config.sliding_window_pattern;
  const slides = layerSlides(config, (layer) => (layer + 1) % pattern !== 0);
  const maskFor = causalMasks(f);

  return gemmaDecoder(f, config, inputIds, (x, i) => {
    const attention = slides(i)
      ? { rotary: rotaryNearby, mask: maskFor(config.sliding_window) }
      : { rotary: rotaryEverywhere, mask: maskFor() };
    return gemmaLayer(f, config, x, `model.layers.${i}`, attention, { headNorms: true });
  });
}
