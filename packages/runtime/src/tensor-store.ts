import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LayersenseError } from '@layersense/contracts';
import type { TensorData } from './tensor-data.js';

export interface TensorStoreLimits {
  /** Bytes kept in memory; what comes beyond goes to files. */
  readonly memoryBytes: number;
  /** An existing folder for these files; without one everything stays in memory. */
  readonly folder?: string | undefined;
}

type Entry = { readonly tensor: TensorData } | { readonly file: string; readonly like: TensorData };

/** Tensors that stay in the compute process between runs, in memory or on disk. */
export class TensorStore {
  readonly #entries = new Map<string, Entry>();
  #limits: TensorStoreLimits = { memoryBytes: Number.POSITIVE_INFINITY };
  #memoryBytes = 0;
  #files = 0;

  limit(limits: TensorStoreLimits): void {
    this.#limits = limits;
  }

  put(key: string, tensor: TensorData): void {
    this.delete(key);
    const { memoryBytes, folder } = this.#limits;
    const bytes = tensor.data.byteLength;
    if (folder === undefined || this.#memoryBytes + bytes <= memoryBytes) {
      this.#memoryBytes += bytes;
      this.#entries.set(key, { tensor });
      return;
    }
    const file = join(folder, `${this.#files++}.tensor`);
    writeFileSync(file, new Uint8Array(tensor.data.buffer, tensor.data.byteOffset, bytes));
    // The file holds the elements; of the tensor itself only type and shape are kept.
    this.#entries.set(key, {
      file,
      like: { ...tensor, data: tensor.data.slice(0, 0) } as TensorData,
    });
  }

  /** @throws LayersenseError `compute_failed` for a key that nothing was stored under. */
  get(key: string): TensorData {
    const entry = this.#entries.get(key);
    if (!entry) throw new LayersenseError('compute_failed', `No tensor is stored as ${key}.`);
    if ('tensor' in entry) return entry.tensor;
    const { buffer, byteOffset, byteLength } = readFileSync(entry.file);
    const bytes = buffer.slice(byteOffset, byteOffset + byteLength);
    const { like } = entry;
    const elements = like.data.constructor as new (buffer: ArrayBufferLike) => typeof like.data;
    return { ...like, data: new elements(bytes) } as TensorData;
  }

  delete(key: string): void {
    const entry = this.#entries.get(key);
    this.#entries.delete(key);
    if (entry === undefined) return;
    if ('tensor' in entry) this.#memoryBytes -= entry.tensor.data.byteLength;
    else rmSync(entry.file, { force: true });
  }
}
