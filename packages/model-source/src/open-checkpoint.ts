import { join } from 'node:path';
import { LayersenseError } from '@layersense/contracts';
import type { TensorRef } from '@layersense/onnx-ir';
import { listCheckpointFiles } from './checkpoint-files.js';
import {
  CONFIG_FILE,
  INDEX_FILE,
  type ModelFile,
  SINGLE_FILE,
  TOKENIZER_FILES,
} from './model-file.js';
import { readJsonFile } from './read-json-file.js';
import { readSafetensorsHeader, type SafetensorsHeader } from './safetensors-header.js';

interface Weights {
  /** Every tensor by its Hugging Face parameter name; `file` is relative to `weightsFolder`. */
  readonly tensors: ReadonlyMap<string, TensorRef>;
  /** Tensors of types that no `TensorRef` can express, by their safetensors type (`F8_E4M3`). */
  readonly unsupported: ReadonlyMap<string, string>;
  /** The one real folder of all weight files, behind the symbolic links of a Hub snapshot. */
  readonly weightsFolder: string;
}

export interface Checkpoint extends Weights {
  /** The parsed config.json; its meaning is the architecture's business. */
  readonly config: unknown;
  /** Configuration, tokenizer and weight files, by their names in the model's folder. */
  readonly files: readonly ModelFile[];
  readonly tokenizerFiles: readonly ModelFile[];
}

/**
 * Opens a Hugging Face checkpoint: `config.json` and either `model.safetensors` or the shards that
 * `model.safetensors.index.json` lists. Reads headers only; the weights stay on disk.
 *
 * @throws LayersenseError `config_invalid`, `checkpoint_missing`, `checkpoint_invalid`.
 */
export async function openCheckpoint(folder: string): Promise<Checkpoint> {
  const { files, weightMap } = await listCheckpointFiles(folder);
  const config = await readJsonFile(join(folder, CONFIG_FILE), 'config_invalid');
  const weights =
    weightMap === undefined ? await openSingleFile(folder) : await openShards(folder, weightMap);
  const tokenizerFiles = files.filter(({ name }) => TOKENIZER_FILES.includes(name));
  return { config, files, tokenizerFiles, ...weights };
}

async function openSingleFile(folder: string): Promise<Weights> {
  const header = await readSafetensorsHeader(join(folder, SINGLE_FILE));
  const { tensors, unsupported, folder: weightsFolder } = header;
  return { tensors, unsupported, weightsFolder };
}

/** Only tensors that the index lists count: what else a shard holds belongs to no parameter. */
async function openShards(
  folder: string,
  weightMap: ReadonlyMap<string, string>,
): Promise<Weights> {
  const headers = new Map<string, SafetensorsHeader>();
  for (const shard of new Set(weightMap.values())) {
    headers.set(shard, await readSafetensorsHeader(join(folder, shard)));
  }
  const tensors = new Map<string, TensorRef>();
  const unsupported = new Map<string, string>();
  for (const [name, shard] of weightMap) {
    const ref = headers.get(shard)?.tensors.get(name);
    const type = headers.get(shard)?.unsupported.get(name);
    if (ref !== undefined) tensors.set(name, ref);
    else if (type !== undefined) unsupported.set(name, type);
    else throw misplacedTensor(name, shard);
  }
  return { tensors, unsupported, weightsFolder: commonFolder(headers) };
}

/** ONNX Runtime takes external data from one folder, so all shards must lie in the same one. */
function commonFolder(headers: ReadonlyMap<string, SafetensorsHeader>): string {
  const folders = [...new Set([...headers.values()].map(({ folder }) => folder))];
  const [folder] = folders;
  if (folder === undefined) {
    throw new LayersenseError('checkpoint_invalid', `The weight_map of ${INDEX_FILE} is empty.`);
  }
  if (folders.length === 1) return folder;
  throw new LayersenseError(
    'checkpoint_invalid',
    `The weight files are links into ${folders.length} different folders; they must lie in one. Copy them together or download the model again.`,
    { files: [...headers.keys()] },
  );
}

function misplacedTensor(tensor: string, shard: string): LayersenseError {
  return new LayersenseError(
    'checkpoint_invalid',
    `${INDEX_FILE} says that ${shard} holds ${tensor}, but it does not. Download or export the model again.`,
    { file: shard, tensor },
  );
}
