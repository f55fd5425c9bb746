import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';

/** A file as the Hub stores it: by git object id, and large ones by SHA-256 outside of git. */
export interface HostedFile {
  readonly path: string;
  readonly content: Buffer;
  readonly gitOid: string;
  readonly sha256: string | undefined;
}

export interface HostedRepository {
  readonly commit: string;
  readonly files: readonly HostedFile[];
}

const LARGE_FILE = /\.(safetensors|parquet|onnx|bin)$/;

/** The repository that a folder's present content makes; its commit changes with any byte of it. */
export async function readHostedRepository(folder: string): Promise<HostedRepository> {
  const entries = await readdir(folder, { recursive: true });
  const files: HostedFile[] = [];
  for (const entry of entries.toSorted()) {
    const location = join(folder, entry);
    if (!(await stat(location)).isFile()) continue;
    const path = relative(folder, location).split(sep).join('/');
    files.push(hostedFile(path, await readFile(location)));
  }
  const listing = files.map(({ path, gitOid }) => `${gitOid} ${path}\n`).join('');
  return { commit: digest('sha1', listing), files };
}

function hostedFile(path: string, content: Buffer): HostedFile {
  const blob = Buffer.concat([Buffer.from(`blob ${content.length}\0`), content]);
  const sha256 = LARGE_FILE.test(path) ? digest('sha256', content) : undefined;
  return { path, content, gitOid: digest('sha1', blob), sha256 };
}

function digest(algorithm: string, data: string | Buffer): string {
  return createHash(algorithm).update(data).digest('hex');
}
