import { createHash } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LayersenseError } from '@layersense/contracts/error-codes';
import { emptyTensor, type TensorData, tensorBytes, tensorOf } from './tensor-data.js';

export interface TensorStoreLimits {
  /** Bytes kept in memory; what comes beyond goes to files. */
  readonly memoryBytes: number;
  /** An existing folder for these files; without one everything stays in memory. */
  readonly folder?: string | undefined;
  /** Writes every tensor to a file as it comes, so that a later process can take it over. */
  readonly durable?: boolean;
}

/** A tensor in a file, as another process finds it. */
export interface DurableTensor {
  readonly key: string;
  /** Its name in the folder. */
  readonly file: string;
  readonly dtype: TensorData['dtype'];
  readonly shape: readonly number[];
  readonly sha256: string;
}

interface Entry {
  /** With its elements where it is in memory, without them otherwise. */
  readonly tensor: TensorData;
  readonly inMemory: boolean;
  readonly file: string | undefined;
}

/** Tensors that stay in the compute process between runs, in memory or on disk. */
export class TensorStore {
  readonly #entries = new Map<string, Entry>();
  #limits: TensorStoreLimits = { memoryBytes: Number.POSITIVE_INFINITY };
  #memoryBytes = 0;

  /** Begins anew: what is stored is forgotten, and its files are left to the owner of their folder. */
  reset(limits: TensorStoreLimits): void {
    this.#entries.clear();
    this.#memoryBytes = 0;
    this.#limits = limits;
  }

  /**
   * @returns how another process finds it, of a durable store
   * @throws LayersenseError `disk_full`
   */
  put(key: string, tensor: TensorData): DurableTensor | undefined {
    this.delete(key);
    const { memoryBytes, folder, durable = false } = this.#limits;
    const bytes = tensorBytes(tensor);
    const inMemory = folder === undefined || this.#memoryBytes + bytes.length <= memoryBytes;
    const file =
      folder !== undefined && (durable || !inMemory) ? join(folder, fileName(key)) : undefined;
    if (file !== undefined) write(file, bytes);
    if (inMemory) this.#memoryBytes += bytes.length;
    this.#entries.set(key, { tensor: inMemory ? tensor : emptyTensor(tensor), inMemory, file });
    if (!durable || file === undefined) return undefined;
    const { dtype, shape } = tensor;
    return { key, file: fileName(key), dtype, shape, sha256: sha256(bytes) };
  }

  /** @throws LayersenseError `compute_failed` for a key that nothing was stored under. */
  get(key: string): TensorData {
    const entry = this.#entries.get(key);
    if (!entry) throw new LayersenseError('compute_failed', `No tensor is stored as ${key}.`);
    const { tensor, file } = entry;
    return file === undefined || entry.inMemory ? tensor : tensorOf(tensor, readFileSync(file));
  }

  /** Takes over what another process has left in the folder: the keys of the files that are intact. */
  adopt(tensors: readonly DurableTensor[]): readonly string[] {
    const { folder } = this.#limits;
    if (folder === undefined) return [];
    const intact = tensors.filter(({ key, file: name, dtype, shape, sha256: expected }) => {
      // The name follows from the key: a description that says otherwise is not of this store.
      const file = join(folder, fileName(key));
      if (name !== fileName(key) || contentHash(file) !== expected) return false;
      this.delete(key);
      const tensor = emptyTensor({ dtype, shape });
      this.#entries.set(key, { tensor, inMemory: false, file });
      return true;
    });
    return intact.map(({ key }) => key);
  }

  delete(key: string): void {
    const entry = this.#entries.get(key);
    this.#entries.delete(key);
    if (entry === undefined) return;
    if (entry.inMemory) this.#memoryBytes -= entry.tensor.data.byteLength;
    if (entry.file !== undefined) rmSync(entry.file, { force: true });
  }
}

/** Keys hold slashes, and names of tensors whatever an ONNX file calls them. */
function fileName(key: string): string {
  return `${sha256(key).slice(0, 32)}.tensor`;
}

function sha256(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

function contentHash(file: string): string | undefined {
  try {
    return sha256(readFileSync(file));
  } catch {
    // Gone or unreadable: the same as changed.
    return undefined;
  }
}

function write(file: string, bytes: Uint8Array): void {
  try {
    writeFileSync(file, bytes);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code !== 'ENOSPC' && code !== 'EDQUOT') throw error;
    throw new LayersenseError(
      'disk_full',
      `There is no space left for the tensors between segments (${file}). Free some, choose another folder (SPILL_DIR of a worker, TMPDIR of layersense score), or score fewer examples.`,
      { path: file },
      { cause: error },
    );
  }
}
