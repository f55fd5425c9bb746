import type { Checkpoint } from '@layersense/model-source';
import { storedNames } from '@layersense/models';

/** The stored tensors that are none of the scored parameters: config.json describes a model without them. */
export function unscoredTensors(
  { tensors }: Pick<Checkpoint, 'tensors'>,
  scored: Iterable<string>,
): readonly string[] {
  const used = new Set(
    [...scored].map((parameter) => storedNames(parameter).find((name) => tensors.has(name))),
  );
  return [...tensors.keys()].filter((name) => !used.has(name));
}
