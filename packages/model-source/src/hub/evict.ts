import type { Dirent } from 'node:fs';
import { readdir, readFile, readlink, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { LayersenseError } from '@layersense/contracts';
import { withFileLock } from '../file-lock.js';
import { IN_USE_MS, marksFolder } from './cache-hold.js';
import { repositoryFolderName } from './repository.js';
import type { HubContext } from './request.js';
import type { HubSettings } from './settings.js';

/** A revision that this project has used, and so may remove. */
interface UsedRevision {
  /** `models--org--name` */
  readonly repository: string;
  readonly commit: string;
  readonly mark: string;
  readonly usedAt: number;
}

/**
 * Removes the least recently used revisions until `bytes` more fit into `maxCacheBytes`. Revisions in
 * use, and those that only Python has used, stay.
 *
 * @param wanted names of the repository's blobs that are about to be linked to, and stay too
 * @throws LayersenseError `cache_full`, `canceled`
 */
export async function makeRoom(
  { settings, repository, signal }: HubContext,
  bytes: number,
  wanted: readonly string[],
): Promise<void> {
  const { cacheFolder, maxCacheBytes } = settings;
  if (maxCacheBytes === undefined || bytes === 0) return;
  const evict = async () => {
    let size = await cacheBytes(cacheFolder);
    for (const revision of await usedRevisions(settings)) {
      if (size + bytes <= maxCacheBytes) return;
      const kept = revision.repository === repositoryFolderName(repository) ? wanted : [];
      if (!(await isInUse(revision))) size -= await remove(cacheFolder, revision, kept);
    }
    if (size + bytes > maxCacheBytes) throw cacheFull(settings, bytes, size, maxCacheBytes);
  };
  await withFileLock(join(cacheFolder, '.locks', 'layersense-eviction.lock'), evict, { signal });
}

async function cacheBytes(cacheFolder: string): Promise<number> {
  let sum = 0;
  for (const { name } of await entries(cacheFolder)) {
    if (!/^(models|datasets)--/.test(name)) continue;
    for (const blob of await entries(join(cacheFolder, name, 'blobs'))) {
      sum += await sizeOf(join(cacheFolder, name, 'blobs', blob.name));
    }
  }
  return sum;
}

/** The least recently used one first. */
async function usedRevisions(settings: HubSettings): Promise<UsedRevision[]> {
  const marks = marksFolder(settings);
  const found: UsedRevision[] = [];
  for (const { name: repository } of await entries(marks)) {
    for (const { name: commit } of await entries(join(marks, repository))) {
      const mark = join(marks, repository, commit);
      const usedAt = (await stat(mark).catch(() => undefined))?.mtimeMs ?? 0;
      found.push({ repository, commit, mark, usedAt });
    }
  }
  return found.sort((a, b) => a.usedAt - b.usedAt);
}

/** Looked at again right before the removal: somebody may have come meanwhile. */
async function isInUse({ mark }: UsedRevision): Promise<boolean> {
  const usedAt = (await stat(mark).catch(() => undefined))?.mtimeMs ?? 0;
  return Date.now() - usedAt < IN_USE_MS;
}

/** Blobs go first: links that lead nowhere count as missing files. Returns how many bytes are free. */
async function remove(
  cacheFolder: string,
  { repository, commit, mark }: UsedRevision,
  wanted: readonly string[],
): Promise<number> {
  const folder = join(cacheFolder, repository);
  const kept = new Set(wanted);
  for (const { name } of await entries(join(folder, 'snapshots'))) {
    if (name === commit) continue;
    for (const blob of await blobsOf(join(folder, 'snapshots', name))) kept.add(blob);
  }
  let freed = 0;
  for (const blob of await blobsOf(join(folder, 'snapshots', commit))) {
    if (kept.has(blob)) continue;
    const path = join(folder, 'blobs', blob);
    freed += await sizeOf(path);
    await rm(path, { force: true });
  }
  await rm(join(folder, 'snapshots', commit), { recursive: true, force: true });
  await removeRefs(join(folder, 'refs'), commit);
  await rm(mark, { force: true });
  return freed;
}

/** Names of the blobs that the links of a snapshot lead to. */
async function blobsOf(snapshot: string): Promise<Set<string>> {
  const names = await readdir(snapshot, { recursive: true }).catch(() => []);
  const targets = names.map((name) => readlink(join(snapshot, name)).catch(() => undefined));
  const found = (await Promise.all(targets)).flatMap((target) =>
    target ? [basename(target)] : [],
  );
  return new Set(found);
}

/** Branches and tags that lead to a commit which is not there any more. */
async function removeRefs(folder: string, commit: string): Promise<void> {
  for (const name of await readdir(folder, { recursive: true }).catch(() => [])) {
    const path = join(folder, name);
    const named = await readFile(path, 'utf8').catch(() => '');
    if (named.trim() === commit) await rm(path, { force: true });
  }
}

function entries(folder: string): Promise<Dirent[]> {
  return readdir(folder, { withFileTypes: true }).catch(() => []);
}

async function sizeOf(path: string): Promise<number> {
  return (await stat(path).catch(() => undefined))?.size ?? 0;
}

function cacheFull(
  { cacheFolder }: HubSettings,
  bytes: number,
  size: number,
  limit: number,
): LayersenseError {
  return new LayersenseError(
    'cache_full',
    `The download needs ${bytes} bytes, and the ${size} in ${cacheFolder} that cannot be removed leave too little of MODEL_CACHE_MAX_BYTES (${limit}). Wait for running jobs to end, raise the limit, or remove what other programs have downloaded ("hf cache").`,
    { needed_bytes: bytes, cached_bytes: size, limit_bytes: limit },
  );
}
