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
  return wholeOf(parameter) !== undefined;
}

/**
 * The packed weight that `parameter` names a part of; undefined where it names none. Weights of experts
 * that are stored as one tensor, `model.layers.0.mlp.experts.down_proj`, are parameters without a module
 * of their own, and so without `.weight`.
 */
export function wholeOf(parameter: string): string | undefined {
  return /^(.*\.(?:weight|bias|experts\.\w+))\[\w+\]$/.exec(parameter)?.[1];
}

/**
 * `parameters` in their order, with every packed weight of which only parts are among them: it comes
 * where the first of them is, and all of them follow it.
 */
export function withWholes(parameters: readonly string[]): readonly string[] {
  const given = new Set(parameters);
  const missing = new Map<string, string[]>();
  const order = new Map<string, readonly string[]>();
  for (const parameter of parameters) {
    const whole = wholeOf(parameter);
    const stands = whole === undefined || given.has(whole);
    const parts = stands ? undefined : (missing.get(whole) ?? []);
    parts?.push(parameter);
    if (whole !== undefined && parts) missing.set(whole, parts);
    order.set(stands ? parameter : whole, []);
  }
  return [...order.keys()].flatMap((name) => [name, ...(missing.get(name) ?? [])]);
}
