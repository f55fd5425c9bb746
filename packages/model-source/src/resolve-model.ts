import { stat } from 'node:fs/promises';
import { LayersenseError } from '@layersense/contracts';
import { resolveHubModel } from './hub/hub-model.js';
import { isRepositoryId, repositoryAt } from './hub/repository.js';
import type { HubSettings } from './hub/settings.js';
import { resolveLocalModel } from './local-model.js';
import { isModelPath } from './path-name.js';
import type { ResolvedModel, SourceOptions } from './resolved-model.js';

export interface ResolveModelOptions extends SourceOptions {
  /** A branch, tag or commit of a Hub model (`main` by default), or the content hash of a folder. */
  readonly revision?: string | undefined;
  /** Folders under which local models may lie. */
  readonly roots: readonly string[];
  readonly hub: HubSettings;
}

/**
 * Pins a model to exact bytes and makes them present on this machine. A name is a path when it
 * is written as one (`isModelPath`) or when there is such a folder, and a Hub repository otherwise.
 *
 * @throws LayersenseError those of `resolveLocalModel` and `resolveHubModel`.
 */
export async function resolveModel(
  name: string,
  options: ResolveModelOptions,
): Promise<ResolvedModel> {
  if (isModelPath(name) || (await isFolder(name))) return resolveLocalModel(name, options);
  if (isRepositoryId(name)) {
    return resolveHubModel(repositoryAt('model', name, options.revision), options);
  }
  throw new LayersenseError(
    'model_not_found',
    `"${name.slice(0, 200)}" is neither a Hub repository (org/name) nor a folder that exists. Did you mean a path? Start it with ./ or /.`,
    { model: name.slice(0, 200) },
  );
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
}
