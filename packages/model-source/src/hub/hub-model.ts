import { basename, join } from 'node:path';
import { LayersenseError } from '@layersense/contracts';
import { listModelFiles, type ModelFiles } from '../list-model-files.js';
import { missingWeights } from '../missing-weights.js';
import { CONFIG_FILE, INDEX_FILE, SINGLE_FILE, SMALL_FILES } from '../model-file.js';
import { chooseOnnxFile } from '../onnx/choose-onnx-file.js';
import { beside } from '../onnx/onnx-files.js';
import { dataFilesOf, readOnnxFile } from '../onnx/read-onnx-file.js';
import type { ResolvedModel, SourceOptions } from '../resolved-model.js';
import { readWeightMap } from '../weight-map.js';
import { snapshotFolder, writeRef } from './cache.js';
import { holdIfCached } from './cache-hold.js';
import { fetchFiles } from './fetch-files.js';
import { listFiles, type RemoteFile } from './list-files.js';
import type { Repository } from './repository.js';
import type { HubContext } from './request.js';
import { notCached, resolveCommit } from './resolve-commit.js';
import type { HubSettings } from './settings.js';

interface HubModelOptions extends SourceOptions {
  readonly hub: HubSettings;
}

/**
 * Pins a Hub model to a commit and makes its configuration, tokenizer and weights present. What the
 * cache holds whole is used as it is, whoever downloaded it.
 *
 * @throws LayersenseError those of `hubRequest`, `hub_offline`, `download_corrupt`, `disk_full`, `cache_full`,
 *   `config_invalid`, `checkpoint_missing`, `checkpoint_invalid`.
 */
export async function resolveHubModel(
  repository: Repository,
  { hub, signal, onProgress }: HubModelOptions,
): Promise<ResolvedModel> {
  const onLookup = ofEachFileOnce(hub.onLookup);
  const context: HubContext = { settings: hub, repository, signal, onLookup };
  const commit = await resolveCommit(context);
  await holdIfCached(context, commit);
  const folder = snapshotFolder(hub, repository, commit);
  const cached = await cachedCheckpoint(folder, hub.offline);
  if (cached === undefined) {
    if (hub.offline) throw notCached(context);
    await downloadCheckpoint(context, commit, onProgress);
  }
  for (const { name } of cached?.files ?? []) onLookup(name, true);
  await writeRef(hub, repository, commit);
  const listed = cached ?? (await listModelFiles(folder));
  return { name: repository.id, revision: commit, source: 'hub', folder, ...listed };
}

/** An index, or an ONNX file, is fetched to see what belongs to it, and again with that. */
function ofEachFileOnce(onLookup: HubSettings['onLookup']): (name: string, found: boolean) => void {
  const names = new Set<string>();
  return (name, found) => {
    if (!names.has(name)) onLookup?.(found);
    names.add(name);
  };
}

/**
 * The snapshot's files when nothing more could be needed. Without a tokenizer that is certain only
 * offline: a program that wanted the weights alone may have left the tokenizer on the Hub.
 */
async function cachedCheckpoint(folder: string, offline: boolean): Promise<ModelFiles | undefined> {
  const cached = await listModelFiles(folder).catch(() => undefined);
  const hasTokenizer = cached?.files.some(({ name }) => name === 'tokenizer.json');
  return offline || hasTokenizer ? cached : undefined;
}

async function downloadCheckpoint(
  context: HubContext,
  commit: string,
  onProgress: SourceOptions['onProgress'],
): Promise<void> {
  const listed = await listFiles(context, commit);
  const named = new Map(listed.map((file) => [file.name, file]));
  const small = SMALL_FILES.flatMap((name) => named.get(name) ?? []);
  const hasCheckpoint = named.has(SINGLE_FILE) || named.has(INDEX_FILE);
  const onnxFile = hasCheckpoint
    ? undefined
    : chooseOnnxFile(context.repository.id, [...named.keys()]);
  const weights =
    onnxFile === undefined
      ? await weightFiles(context, commit, named)
      : await onnxFiles(context, commit, named, onnxFile);
  if (onnxFile === undefined && !named.has(CONFIG_FILE)) throw missingConfig(context);
  await fetchFiles(context, commit, [...small, ...weights], onProgress);
}

/** An ONNX file, which is fetched to see in which others it keeps its weights, and those. */
async function onnxFiles(
  context: HubContext,
  commit: string,
  named: ReadonlyMap<string, RemoteFile>,
  onnxFile: string,
): Promise<RemoteFile[]> {
  const file = named.get(onnxFile);
  if (file === undefined) throw missingShard(context, onnxFile);
  await fetchFiles(context, commit, [file]);
  const folder = snapshotFolder(context.settings, context.repository, commit);
  const decoded = await readOnnxFile(join(folder, onnxFile));
  const data = dataFilesOf(decoded, basename(onnxFile)).map((name) => beside(onnxFile, name));
  return [file, ...data.map((name) => named.get(name) ?? missing(context, name, onnxFile))];
}

function missing({ repository }: HubContext, file: string, onnxFile: string): never {
  throw new LayersenseError(
    'checkpoint_missing',
    `${repository.id} lacks ${file}, in which ${onnxFile} keeps weights. Choose another revision.`,
    { model: repository.id, file },
  );
}

/** The weight files among a repository's files, which may hold the same weights in other formats. */
async function weightFiles(
  context: HubContext,
  commit: string,
  named: ReadonlyMap<string, RemoteFile>,
): Promise<RemoteFile[]> {
  const single = named.get(SINGLE_FILE);
  if (single !== undefined) return [single];
  const { settings, repository } = context;
  const index = named.get(INDEX_FILE);
  if (index === undefined) throw missingWeights(repository.id, [...named.keys()]);
  await fetchFiles(context, commit, [index]);
  const folder = snapshotFolder(settings, repository, commit);
  const weightMap = await readWeightMap(join(folder, INDEX_FILE));
  const shards = [...new Set(weightMap.values())].map((name) => {
    const shard = named.get(name);
    if (shard === undefined) throw missingShard(context, name);
    return shard;
  });
  return [index, ...shards];
}

function missingConfig({ repository }: HubContext): LayersenseError {
  return new LayersenseError(
    'config_invalid',
    `${repository.id} has no config.json, so its architecture is unknown. Name a repository that transformers can load.`,
    { model: repository.id },
  );
}

function missingShard({ repository }: HubContext, shard: string): LayersenseError {
  return new LayersenseError(
    'checkpoint_missing',
    `${repository.id} lacks ${shard}, which its ${INDEX_FILE} lists. Choose another revision.`,
    { model: repository.id, file: shard },
  );
}
