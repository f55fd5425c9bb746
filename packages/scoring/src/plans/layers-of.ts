import { layerName } from '@layersense/contracts';

/**
 * The layers that a segment's parameters are in, for people who read: its block, the first and the last of several
 * (`model.layers.2 to model.layers.5`), or its layers where none is in a block. Null for a segment
 * without parameters.
 */
export function layersOf(parameters: Iterable<string>): string | null {
  const layers = [...parameters].map((parameter) => layerName(parameter).layer);
  const blocks = [...new Set(layers.flatMap(blockOf))];
  if (blocks.length === 0) return layers.length === 0 ? null : [...new Set(layers)].join(', ');
  const [first, last] = [blocks[0], blocks.at(-1)];
  return `${first}${first === last ? '' : ` to ${last}`}`;
}

/** `model.layers.3` of `model.layers.3.mlp.up_proj`; nothing of a layer outside the blocks. */
function blockOf(layer: string): string[] {
  return layer.match(/^.*?\.\d+(?=\.|$)/)?.slice(0, 1) ?? [];
}
