import { createHash, type Hash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { feedFile } from '../hash-file.js';
import type { RemoteFile } from './list-files.js';

const SHA256_DIGITS = 64;

/** A download under way: bytes on disk and the hash of exactly those bytes. */
export class PartialFile {
  #hash: Hash;
  #bytes = 0;

  private constructor(
    readonly file: RemoteFile,
    readonly handle: FileHandle,
  ) {
    this.#hash = blobHash(file);
  }

  /** Opens `path`, or makes it; what an earlier attempt left there counts as downloaded. */
  static async open(path: string, file: RemoteFile, signal?: AbortSignal): Promise<PartialFile> {
    const partial = new PartialFile(file, await open(path, 'a+'));
    try {
      await feedFile(partial.#hash, path, { signal });
      partial.#bytes = (await partial.handle.stat()).size;
      if (partial.#bytes > file.bytes) await partial.restart();
      return partial;
    } catch (error) {
      await partial.close();
      throw error;
    }
  }

  get bytes(): number {
    return this.#bytes;
  }

  async append(piece: Uint8Array): Promise<void> {
    await this.handle.appendFile(piece);
    this.#hash.update(piece);
    this.#bytes += piece.length;
  }

  async restart(): Promise<void> {
    await this.handle.truncate(0);
    this.#hash = blobHash(this.file);
    this.#bytes = 0;
  }

  /** Puts the bytes on disk and says whether they are the file's. Nothing can be appended after it. */
  async isWholeAndRight(): Promise<boolean> {
    await this.handle.sync();
    return this.#bytes === this.file.bytes && this.#hash.digest('hex') === this.file.blob;
  }

  close(): Promise<void> {
    return this.handle.close();
  }
}

/** Large files go by their SHA-256, small ones by their git object id: SHA-1 of "blob <size>\0<content>". */
function blobHash({ blob, bytes }: RemoteFile): Hash {
  if (blob.length === SHA256_DIGITS) return createHash('sha256');
  return createHash('sha1').update(`blob ${bytes}\0`);
}
