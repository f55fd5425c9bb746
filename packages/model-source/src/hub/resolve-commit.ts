import { LayersenseError } from '@layersense/contracts';
import { z } from 'zod';
import { readRef } from './cache.js';
import { hubJson } from './hub-json.js';
import { isCommit, repositoryUrl } from './repository.js';
import type { HubContext } from './request.js';

const repositoryInfo = z.object({ sha: z.string().refine(isCommit) });

/**
 * The 40-digit commit of a revision. A commit stands for itself, without a question to anyone;
 * offline, a branch is what it was when it was last asked for.
 *
 * @throws LayersenseError those of `hubRequest`, and `hub_offline`.
 */
export async function resolveCommit(context: HubContext): Promise<string> {
  const { settings, repository } = context;
  if (isCommit(repository.revision)) return repository.revision;
  if (settings.offline) {
    const commit = await readRef(settings, repository);
    if (commit === undefined) throw notCached(context);
    return commit;
  }
  const revision = encodeURIComponent(repository.revision);
  const url = `${repositoryUrl(settings, repository, 'api')}/revision/${revision}`;
  return (await hubJson(context, url, repositoryInfo)).value.sha;
}

export function notCached({ settings, repository }: HubContext): LayersenseError {
  const { type, id, revision } = repository;
  return new LayersenseError(
    'hub_offline',
    `The ${type} ${id} at ${revision} is not, or not wholly, in ${settings.cacheFolder}, and HF_HUB_OFFLINE is set. Unset it, or run "hf download ${id}" where there is a network.`,
    { [type]: id, revision },
  );
}
