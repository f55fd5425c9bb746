import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { LayersenseError } from '@layersense/contracts';
import { missingWeights } from './missing-weights.js';
import { CONFIG_FILE, INDEX_FILE, type ModelFile, SINGLE_FILE, SMALL_FILES } from './model-file.js';
import { readWeightMap } from './weight-map.js';

export interface CheckpointFiles {
  /** Configuration, tokenizer and weight files that are there, by their names in the folder. */
  readonly files: readonly ModelFile[];
  /** Tensor name to shard; absent when everything lies in `model.safetensors`. */
  readonly weightMap?: ReadonlyMap<string, string>;
}

/**
 * The files of a model folder that this project uses. As in transformers, `model.safetensors` wins
 * over an index; other weight files (other formats, other precisions, adapters) are no concern.
 *
 * @throws LayersenseError `config_invalid` without config.json, `checkpoint_missing` without
 *   weights or with a shard missing, `checkpoint_invalid` for a malformed index.
 */
export async function listCheckpointFiles(folder: string): Promise<CheckpointFiles> {
  const small = (await Promise.all(SMALL_FILES.map((name) => statFile(folder, name)))).flat();
  if (!small.some(({ name }) => name === CONFIG_FILE)) throw missingConfig(folder);

  const single = await statFile(folder, SINGLE_FILE);
  if (single.length > 0) return { files: [...small, ...single] };

  const index = await statFile(folder, INDEX_FILE);
  if (index.length === 0) throw missingWeights(basename(folder), await readdir(folder));
  const weightMap = await readWeightMap(join(folder, INDEX_FILE));
  const shards: ModelFile[] = [];
  for (const name of new Set(weightMap.values())) {
    const shard = await statFile(folder, name);
    if (shard.length === 0) throw missingShard(folder, name);
    shards.push(...shard);
  }
  return { files: [...small, ...index, ...shards], weightMap };
}

/** The file as a list of one, or of none when the folder does not have it. */
async function statFile(folder: string, name: string): Promise<ModelFile[]> {
  const path = join(folder, name);
  const info = await stat(path).catch(() => undefined);
  return info?.isFile() ? [{ name, path, bytes: info.size }] : [];
}

function missingConfig(folder: string): LayersenseError {
  return new LayersenseError(
    'config_invalid',
    `${basename(folder)} has no config.json, so its architecture is unknown. Name a folder that save_pretrained wrote.`,
    { folder: basename(folder) },
  );
}

function missingShard(folder: string, shard: string): LayersenseError {
  return new LayersenseError(
    'checkpoint_missing',
    `${basename(folder)} lacks ${shard}, which its ${INDEX_FILE} lists. Download the model again.`,
    { folder: basename(folder), file: shard },
  );
}
