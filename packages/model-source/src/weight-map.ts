import { LayersenseError } from '@layersense/contracts';
import { z } from 'zod';
import { readJsonFile } from './read-json-file.js';

/** A base name: the index of a hostile checkpoint must not lead out of its folder. */
const shardName = z.string().regex(/^[^/\\\0]+\.safetensors$/);
const indexSchema = z.object({ weight_map: z.record(z.string(), shardName) });

/**
 * Tensor name to shard, from `model.safetensors.index.json`.
 *
 * @throws LayersenseError `checkpoint_invalid`, `checkpoint_missing` when there is no such file.
 */
export async function readWeightMap(indexPath: string): Promise<ReadonlyMap<string, string>> {
  const index = indexSchema.safeParse(await readJsonFile(indexPath, 'checkpoint_invalid'));
  if (index.success) return new Map(Object.entries(index.data.weight_map));
  throw new LayersenseError(
    'checkpoint_invalid',
    'model.safetensors.index.json needs a weight_map from tensor names to .safetensors files of the same folder.',
    { file: 'model.safetensors.index.json' },
    { cause: index.error },
  );
}
