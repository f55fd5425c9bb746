import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Folders for what a run leaves on disk while it is computed, one per job or shard. They outlive the
 * process, so that another one with the same disk can go on.
 */
export class SpillFolders {
  constructor(private readonly root: string) {}

  /**
   * The folder of `job_…`, or of its shard `job_…_0`: that of an interrupted attempt, or a new one.
   * Taking it over renames it, so that a process which has lost the job without noticing can spoil
   * nothing.
   */
  async claim(owner: string): Promise<string> {
    const claimed = join(this.root, `${owner}.${randomUUID()}`);
    for (const name of await this.#foldersOf(owner)) {
      try {
        await rename(join(this.root, name), claimed);
        return claimed;
      } catch {
        // Another process has taken it in the meantime.
      }
    }
    await mkdir(claimed, { recursive: true, mode: 0o700 });
    return claimed;
  }

  /** Removes the folders of all jobs that `isOver` knows to be. */
  async sweep(isOver: (jobId: string) => Promise<boolean>): Promise<void> {
    for (const name of await this.#foldersOf()) {
      const jobId = /^job_[^._]+/.exec(name)?.[0] ?? '';
      if (await isOver(jobId)) await rm(join(this.root, name), { recursive: true, force: true });
    }
  }

  async #foldersOf(owner?: string): Promise<readonly string[]> {
    const names = await readdir(this.root).catch(() => []);
    return names.filter((name) => isFolderOf(name, owner));
  }
}

function isFolderOf(name: string, owner: string | undefined): boolean {
  const of = /^(job_[^.]+)\.[^.]+$/.exec(name)?.[1];
  return of !== undefined && (owner === undefined || of === owner);
}
