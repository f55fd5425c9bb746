import { stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { LayersenseError } from '@layersense/contracts';
import type { TensorRef } from '@layersense/onnx-ir';
import {
  CONFIG_FILE,
  INDEX_FILE,
  type ModelFile,
  SINGLE_FILE,
  SMALL_FILES,
  TOKENIZER_FILES,
} from './model-file.js';
import { noWeightsError } from './no-weights-error.js';
import { readJsonFile } from './read-json-file.js';
import { readSafetensorsHeader, type SafetensorsHeader } from './safetensors-header.js';
import { readWeightMap } from './weight-map.js';

export interface Checkpoint {
  /** The parsed config.json; its meaning is the architecture's business. */
  readonly config: unknown;
  /** Every tensor by its Hugging Face parameter name; `file` is relative to `weightsFolder`. */
  readonly tensors: ReadonlyMap<string, TensorRef>;
  /** Tensors of types that no `TensorRef` can express, by their safetensors type (`F8_E4M3`). */
  readonly unsupported: ReadonlyMap<string, string>;
  /** The one real folder of all weight files, behind the symbolic links of a Hub snapshot. */
  readonly weightsFolder: string;
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
  const config = await readConfig(folder);
  const weights = (await isFile(join(folder, SINGLE_FILE)))
    ? await openSingleFile(folder)
    : await openShards(folder);
  const names = [...SMALL_FILES, ...weights.names];
  const files = (await Promise.all(names.map((name) => describeFile(folder, name)))).flat();
  const tokenizerFiles = files.filter(({ name }) =>
    (TOKENIZER_FILES as readonly string[]).includes(name),
  );
  const { tensors, unsupported, weightsFolder } = weights;
  return { config, tensors, unsupported, weightsFolder, files, tokenizerFiles };
}

async function readConfig(folder: string): Promise<unknown> {
  const path = join(folder, CONFIG_FILE);
  if (await isFile(path)) return readJsonFile(path, 'config_invalid');
  throw new LayersenseError(
    'config_invalid',
    `${basename(folder)} has no config.json, so its architecture is unknown. Name a folder written by save_pretrained.`,
    { folder: basename(folder) },
  );
}

async function openSingleFile(folder: string) {
  const header = await readSafetensorsHeader(join(folder, SINGLE_FILE));
  const { tensors, unsupported, folder: weightsFolder } = header;
  return { tensors, unsupported, weightsFolder, names: [SINGLE_FILE] };
}

async function openShards(folder: string) {
  const indexPath = join(folder, INDEX_FILE);
  if (!(await isFile(indexPath))) throw await noWeightsError(folder);
  const weightMap = await readWeightMap(indexPath);
  const headers = new Map<string, SafetensorsHeader>();
  for (const shard of new Set(weightMap.values())) {
    headers.set(shard, await readSafetensorsHeader(join(folder, shard)));
  }
  const weightsFolder = commonFolder(headers);
  const tensors = new Map<string, TensorRef>();
  const unsupported = new Map<string, string>();
  for (const [name, shard] of weightMap) {
    const ref = headers.get(shard)?.tensors.get(name);
    const type = headers.get(shard)?.unsupported.get(name);
    if (ref !== undefined) tensors.set(name, ref);
    else if (type !== undefined) unsupported.set(name, type);
    else throw misplacedTensor(name, shard);
  }
  return { tensors, unsupported, weightsFolder, names: [INDEX_FILE, ...headers.keys()] };
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

/** The file as a list of one, or of none when the model does not have it. */
async function describeFile(folder: string, name: string): Promise<ModelFile[]> {
  const path = join(folder, name);
  const info = await stat(path).catch(() => undefined);
  return info?.isFile() ? [{ name, path, bytes: info.size }] : [];
}

async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isFile() ?? false;
}
