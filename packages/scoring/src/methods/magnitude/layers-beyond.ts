import type { Checkpoint } from '@layersense/model-source';
import { layerCount } from '@layersense/models';

/**
 * A note where the files hold more layers than config.json asks for. Their weights are measured as all
 * others are, although the model that config.json describes has none of them.
 */
export function layersBeyond({
  config,
  tensors,
}: Pick<Checkpoint, 'config' | 'tensors'>): readonly string[] {
  const asked = layerCount(config);
  if (asked === undefined) return [];
  const beyond = [...tensors.keys()].filter((name) => {
    const layer = /(?:^|\.)(?:layers|h|layer)\.(\d+)\./.exec(name)?.[1];
    return Number(layer ?? 0) >= asked;
  });
  const [first] = beyond;
  if (first === undefined) return [];
  return [
    `the files hold more layers than config.json asks for (${asked}): ${beyond.length} of the weights, ${first} the first of them, are of the others`,
  ];
}
