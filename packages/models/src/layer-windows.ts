import { z } from 'zod';
import type { Window } from './blocks/causal-masks.js';

/** The keys of config.json that say how far each layer looks back. */
export const WindowKeys = {
  sliding_window: z.number().int().positive().nullish(),
  layer_types: z.array(z.enum(['full_attention', 'sliding_attention'])).nullish(),
};

type WindowConfig = z.infer<z.ZodObject<typeof WindowKeys>>;

/**
 * The window of every layer: by `layer_types`, which files have since transformers 4.53, and
 * before by the architecture's own rule.
 */
export function layerWindows(
  { sliding_window: window, layer_types: types }: WindowConfig,
  slidesByRule: (layer: number) => boolean,
): (layer: number) => Window {
  return (layer) => {
    const type = types?.[layer];
    const slides = type === undefined ? slidesByRule(layer) : type === 'sliding_attention';
    return slides ? window : undefined;
  };
}
