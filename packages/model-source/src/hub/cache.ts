import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { isCommit, type Repository, repositoryFolder } from './repository.js';
import type { HubSettings } from './settings.js';

/** The folder whose entries are links into `blobs`, under the names that files have in the repository. */
export function snapshotFolder(settings: HubSettings, repository: Repository, commit: string) {
  return join(repositoryFolder(settings, repository), 'snapshots', commit);
}

export function blobPath(settings: HubSettings, repository: Repository, blob: string): string {
  return join(repositoryFolder(settings, repository), 'blobs', blob);
}

/** The commit that a branch or tag had when it was last resolved, by Python or by us. */
export async function readRef(
  settings: HubSettings,
  repository: Repository,
): Promise<string | undefined> {
  const path = join(repositoryFolder(settings, repository), 'refs', repository.revision);
  const commit = (await readFile(path, 'utf8').catch(() => '')).trim();
  return isCommit(commit) ? commit : undefined;
}

export async function writeRef(
  settings: HubSettings,
  repository: Repository,
  commit: string,
): Promise<void> {
  // Nothing to say of a commit; and a cache that is mounted read-only must work as it is.
  if (repository.revision === commit || (await readRef(settings, repository)) === commit) return;
  const path = join(repositoryFolder(settings, repository), 'refs', repository.revision);
  await replaceAtomically(path, (temporary) => writeFile(temporary, commit));
}

/** Makes `snapshot/name` a relative link to the blob, as Python does: the cache can be moved. */
export async function linkIntoSnapshot(snapshotPath: string, blob: string): Promise<void> {
  const target = relative(dirname(snapshotPath), blob);
  await replaceAtomically(snapshotPath, (temporary) => symlink(target, temporary));
}

export async function isFileOfSize(path: string, bytes: number): Promise<boolean> {
  const info = await stat(path).catch(() => undefined);
  return info?.isFile() === true && info.size === bytes;
}

async function replaceAtomically(path: string, make: (temporary: string) => Promise<void>) {
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    await make(temporary);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
