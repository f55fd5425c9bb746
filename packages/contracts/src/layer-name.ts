export interface LayerName {
  /** Module path: the parameter without its trailing `.weight` or `.bias`. */
  readonly layer: string;
  /** Last part of the layer, for example `v_proj`. */
  readonly module: string;
  /** Index of the transformer block, or null outside the blocks. */
  readonly block: number | null;
}

/** The parts of a parameter's name, `model.layers.0.self_attn.v_proj.weight` being the pattern. */
export function layerName(parameter: string): LayerName {
  const layer = parameter.replace(/\.(weight|bias)$/, '');
  const parts = layer.split('.');
  const block = parts.find((part) => /^\d+$/.test(part));
  return {
    layer,
    module: parts.at(-1) ?? layer,
    block: block === undefined ? null : Number(block),
  };
}
