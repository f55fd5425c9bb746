import { join } from 'node:path';
import { LayersenseError } from '@layersense/contracts';
import type { HubSettings } from './settings.js';

/** A repository of the Hub at a revision: a branch, a tag, `refs/pr/1` or a commit. */
export interface Repository {
  readonly type: 'model' | 'dataset';
  readonly id: string;
  readonly revision: string;
}

const REPOSITORY_ID = /^(?:\w[\w.-]*\/)?\w[\w.-]*$/;
const REVISION = /^\w[\w.+-]*(?:\/\w[\w.+-]*)*$/;
const COMMIT = /^[0-9a-f]{40}$/;

/** `org/name`, or the bare name of the Hub's oldest repositories (`gpt2`). */
export function isRepositoryId(id: string): boolean {
  return REPOSITORY_ID.test(id) && !/--|\.\.|[.-]$|\.git$/.test(id) && id.length <= 96;
}

export const isCommit = (revision: string): boolean => COMMIT.test(revision);

/**
 * Both names become parts of paths and addresses, so they are checked before anything is made of them.
 *
 * @throws LayersenseError `revision_not_found`.
 */
export function repositoryAt(type: Repository['type'], id: string, revision = 'main'): Repository {
  if (REVISION.test(revision) && !revision.includes('..')) return { type, id, revision };
  throw new LayersenseError(
    'revision_not_found',
    `"${revision}" is not the name of a branch, tag or commit. Use main, a tag, or a 40-digit commit.`,
    { [type]: id, revision },
  );
}

/** `kind` is the service of the Hub: `api` describes a repository, `web` is its page and its files. */
export function repositoryUrl(
  { endpoint }: HubSettings,
  { type, id }: Repository,
  kind: 'api' | 'web',
): string {
  if (kind === 'api') return `${endpoint}/api/${type}s/${id}`;
  return type === 'dataset' ? `${endpoint}/datasets/${id}` : `${endpoint}/${id}`;
}

/** Python's cache: `models--org--name/{blobs,refs,snapshots}`. */
export function repositoryFolder(settings: HubSettings, repository: Repository): string {
  return join(settings.cacheFolder, repositoryFolderName(repository));
}

export function repositoryFolderName({ type, id }: Repository): string {
  return `${type}s--${id.replaceAll('/', '--')}`;
}
