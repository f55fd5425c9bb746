import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Files in one of the 256 folders, above which the least recently used of them make room. */
const MOST_FILES = 1024;

/**
 * Small texts by a hexadecimal key, in files that outlive the process. What is read counts as used; a disk
 * that cannot be written to costs the texts and not the job, and is told of.
 */
export class KeptFiles {
  readonly #counts = new Map<string, number>();
  #failure: string | undefined;

  /** @param folder nothing is kept where it is absent */
  constructor(
    private readonly folder: string | undefined,
    private readonly mostFiles = MOST_FILES,
  ) {}

  async read(key: string): Promise<string | undefined> {
    const path = this.#pathOf(key);
    if (path === undefined) return undefined;
    const text = await readFile(path, 'utf8').catch(() => undefined);
    const now = new Date();
    if (text !== undefined) await utimes(path, now, now).catch(() => undefined);
    return text;
  }

  async write(key: string, text: string): Promise<void> {
    const path = this.#pathOf(key);
    if (path === undefined || this.#failure !== undefined) return;
    const folder = join(path, '..');
    const unfinished = `${path}.${randomUUID()}`;
    try {
      await mkdir(folder, { recursive: true });
      await writeFile(unfinished, text);
      await rename(unfinished, path);
      await this.#makeRoom(folder);
    } catch (error) {
      this.#failure = error instanceof Error ? error.message : String(error);
    }
  }

  /** What a reader must know of it. */
  get notes(): readonly string[] {
    if (this.#failure === undefined) return [];
    return [`nothing could be kept for further runs: ${this.#failure.replace(/, \w+ '.*$/, '')}`];
  }

  #pathOf(key: string): string | undefined {
    return this.folder && join(this.folder, key.slice(0, 2), key.slice(2));
  }

  /** A quarter goes at once, so that most writes look at nothing. */
  async #makeRoom(folder: string): Promise<void> {
    const known = this.#counts.get(folder);
    if (known !== undefined && known < this.mostFiles) {
      this.#counts.set(folder, known + 1);
      return;
    }
    const names = await readdir(folder);
    this.#counts.set(folder, names.length);
    if (names.length <= this.mostFiles) return;
    const files = await Promise.all(
      names.map(async (name) => {
        const path = join(folder, name);
        return { path, usedAt: (await stat(path).catch(() => undefined))?.mtimeMs ?? 0 };
      }),
    );
    const oldest = files.toSorted((a, b) => a.usedAt - b.usedAt);
    const surplus = names.length - Math.floor(this.mostFiles * 0.75);
    for (const { path } of oldest.slice(0, surplus)) await rm(path, { force: true });
    this.#counts.set(folder, names.length - surplus);
  }
}
