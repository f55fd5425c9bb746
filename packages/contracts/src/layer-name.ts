export interface LayerName {
  /** Module path: the parameter without `.weight` or `.bias`. */
  readonly layer: string;
  /** Last part of the layer, for example `v_proj`. */
  readonly module: string;
  /** Index of the transformer block, or null outside the blocks. */
  readonly block: number | null;
}

/** The parts of a parameter's name, `model.layers.0.self_attn.v_proj.weight` being the pattern. */
export function layerName(parameter: string): LayerName {
  const layer = parameter.replace(/\.(weight|bias)(?=$|\[)/, '');
  const parts = layer.split('.');
  const block = parts.find((part) => /^\d+$/.test(part));
  return {
    layer,
    module: parts.at(-1) ?? layer,
    block: block === undefined ? null : Number(block),
  };
}

/**
 * The name of a part of a packed weight, `model.layers.0.self_attn.qkv_proj.weight[q]` being the
 * pattern. Parts are scored beside their weight and left out of rankings and sums.
 */
export function partName(parameter: string, part: string): string {
  return `${parameter}[${part}]`;
}

/** Whether `parameter` names a part of a packed weight. */
export function isPart(parameter: string): boolean {
  return /\.(weight|bias)\[\w+\]$/.test(parameter);
}
