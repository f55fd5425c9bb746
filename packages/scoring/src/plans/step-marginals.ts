import { createHash } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LayersenseError } from '@layersense/contracts';

/**
 * The marginals that finished steps have found, until their batch is complete. A streamed run has all
 * batches under way at once, so that they go to files, which outlive the process; they take less there
 * than the tensors between segments that are gone by then.
 */
export class StepMarginals {
  readonly #inMemory = new Map<string, Float32Array>();
  readonly #inFiles = new Set<string>();

  /** @param folder an existing folder; without one everything stays in memory */
  constructor(private readonly folder: string | undefined) {}

  /**
   * @returns the sha256 of what lies in a file
   * @throws LayersenseError `disk_full`
   */
  async keep(step: string, values: Float32Array): Promise<string | undefined> {
    if (this.folder === undefined) {
      this.#inMemory.set(step, values);
      return undefined;
    }
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    await write(join(this.folder, fileName(step)), bytes);
    this.#inFiles.add(step);
    return sha256(bytes);
  }

  /** Takes over what an earlier attempt has left, where it is as it was written. */
  async adopt(step: string, expected: string): Promise<boolean> {
    if (this.folder === undefined) return false;
    const bytes = await readFile(join(this.folder, fileName(step))).catch(() => undefined);
    if (!bytes || sha256(bytes) !== expected) return false;
    this.#inFiles.add(step);
    return true;
  }

  /** What was kept of a step; nothing where nothing was. */
  async of(step: string): Promise<Float32Array> {
    if (this.folder === undefined || !this.#inFiles.has(step)) {
      return this.#inMemory.get(step) ?? new Float32Array();
    }
    const { buffer } = new Uint8Array(await readFile(join(this.folder, fileName(step))));
    return new Float32Array(buffer);
  }

  /** Forgets all steps. */
  async clear(): Promise<void> {
    this.#inMemory.clear();
    for (const step of this.#inFiles) {
      await rm(join(this.folder ?? '', fileName(step)), { force: true });
    }
    this.#inFiles.clear();
  }
}

function fileName(step: string): string {
  return `${sha256(step).slice(0, 32)}.marginals`;
}

function sha256(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

async function write(file: string, bytes: Uint8Array): Promise<void> {
  try {
    await writeFile(file, bytes);
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    if (code !== 'ENOSPC' && code !== 'EDQUOT') throw cause;
    throw new LayersenseError(
      'disk_full',
      `There is no space left for the marginals of examples (${file}). Free some, choose another folder (SPILL_DIR of a worker, TMPDIR of layersense score), or score fewer examples.`,
      { path: file },
      { cause },
    );
  }
}
