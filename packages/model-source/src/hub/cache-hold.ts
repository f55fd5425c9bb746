import { mkdir, stat, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { snapshotFolder } from './cache.js';
import { repositoryFolderName } from './repository.js';
import type { HubContext } from './request.js';
import type { HubSettings, RevisionHold } from './settings.js';

const RENEW_MS = 30_000;
/** A revision whose mark is younger may be in use; clocks of machines that share a cache differ. */
export const IN_USE_MS = 300_000;

/**
 * Marks revisions of the cache as used, again and again until it is released: what somebody computes
 * with is not evicted. A mark's time is also what the least recently used revision is found by.
 */
export class CacheHold implements RevisionHold {
  readonly #marks = new Set<string>();
  #renewal: NodeJS.Timeout | undefined;

  async add(mark: string): Promise<void> {
    this.#marks.add(mark);
    this.#renewal ??= setInterval(() => {
      for (const each of this.#marks) void touch(each);
    }, RENEW_MS).unref();
    await touch(mark);
  }

  release(): void {
    clearInterval(this.#renewal);
    this.#renewal = undefined;
    this.#marks.clear();
  }
}

/** Of a process that computes one thing and ends, as the command line does. */
const ofThisProcess = new CacheHold();

/** Comes before the cache is looked into: what is found there stays. */
export async function holdIfCached(context: HubContext, commit: string): Promise<void> {
  const folder = snapshotFolder(context.settings, context.repository, commit);
  const isCached = await stat(folder).catch(() => undefined);
  if (isCached) await holdRevision(context, commit);
}

/** Comes before a download. */
export async function holdRevision(
  { settings, repository }: HubContext,
  commit: string,
): Promise<void> {
  const mark = join(marksFolder(settings), repositoryFolderName(repository), commit);
  await (settings.hold ?? ofThisProcess).add(mark);
}

/** Files `<repository folder>/<commit>`, by whose times the revisions were last used. */
export function marksFolder({ cacheFolder }: HubSettings): string {
  return join(cacheFolder, '.layersense-used');
}

/** A cache that cannot be written to is not evicted from either. */
async function touch(path: string): Promise<void> {
  const now = new Date();
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, '', { flag: 'a' });
    await utimes(path, now, now);
  } catch {
    // Without a mark the revision is never removed.
  }
}
