import { z } from 'zod';
import type { Window } from './blocks/causal-masks.js';

/** How far a layer looks back; files say 0 where none does. */
export const WindowSize = z.number().int().nonnegative();

/** The keys of config.json that say how far each layer looks back. */
export const WindowKeys = {
  sliding_window: WindowSize.nullish(),
  layer_types: z.array(z.enum(['full_attention', 'sliding_attention'])).nullish(),
};

type WindowConfig = z.infer<z.ZodObject<typeof WindowKeys>>;

interface LayerKeys {
  readonly num_hidden_layers?: number;
  readonly layer_types?: WindowConfig['layer_types'];
}

/** Refuses a list of layers that is not one of all layers, as transformers does. */
export function checkLayerTypes(config: object, context: z.RefinementCtx): void {
  const { num_hidden_layers: layers, layer_types: types } = config as LayerKeys;
  if (!types || types.length === layers) return;
  context.addIssue({
    code: 'custom',
    path: ['layer_types'],
    message: `it has ${types.length} entries for ${layers} layers (num_hidden_layers)`,
  });
}

/**
 * Which layers attend within a window: by `layer_types`, which files have since transformers 4.53,
 * and before by the architecture's own rule.
 */
export function layerSlides(
  { layer_types: types }: Pick<WindowConfig, 'layer_types'>,
  slidesByRule: (layer: number) => boolean,
): (layer: number) => boolean {
  return (layer) => {
    const type = types?.[layer];
    return type === undefined ? slidesByRule(layer) : type === 'sliding_attention';
  };
}

/** The window of every layer; undefined where it attends to everything. */
export function layerWindows(
  config: WindowConfig,
  slidesByRule: (layer: number) => boolean,
): (layer: number) => Window {
  const slides = layerSlides(config, slidesByRule);
  return (layer) => (slides(layer) ? config.sliding_window : undefined);
}
