import { createHash } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { LayersenseError } from '@layersense/contracts';
import { allowedPath } from './allowed-path.js';
import { canceledError } from './canceled-error.js';
import { listCheckpointFiles } from './checkpoint-files.js';
import { feedFile } from './hash-file.js';
import { isCheckpointFile, type ModelFile } from './model-file.js';
import type { ResolvedModel, SourceOptions } from './resolved-model.js';

interface LocalModelOptions extends SourceOptions {
  readonly roots: readonly string[];
  /** The content hash that the folder must have. */
  readonly revision?: string | undefined;
}

/**
 * Pins a model folder to its content. Reads every byte once, to hash it.
 *
 * @throws LayersenseError `path_not_allowed`, `model_not_found`, `revision_not_found`, `canceled`,
 *   and those of `listCheckpointFiles`.
 */
export async function resolveLocalModel(
  name: string,
  options: LocalModelOptions,
): Promise<ResolvedModel> {
  const folder = await allowedPath(name, options.roots);
  if (!(await stat(folder)).isDirectory()) {
    throw new LayersenseError(
      'model_not_found',
      `${name} is a file. Name the folder that holds config.json and the weights.`,
      { path: name },
    );
  }
  await assertLinksStayInside(folder, options.roots);
  const { files } = await listCheckpointFiles(folder);
  const revision = `sha256:${await contentHash(files, options)}`;
  if (options.revision !== undefined && options.revision !== revision) {
    throw new LayersenseError(
      'revision_not_found',
      `${name} holds ${revision}, not ${options.revision}. A local folder has no other revision; leave the revision out.`,
      { path: name, revision: options.revision },
    );
  }
  return { name, revision, source: 'local', folder, files };
}

/** Comes before the first read: even a parse error would quote the file that a link leads to. */
async function assertLinksStayInside(folder: string, roots: readonly string[]): Promise<void> {
  for (const name of await readdir(folder)) {
    if (isCheckpointFile(name)) await allowedPath(join(folder, name), roots);
  }
}

/** SHA-256 over a line `<sha256 of the file>  <name>` per file in order of name, as sha256sum prints. */
async function contentHash(
  files: readonly ModelFile[],
  { signal, onProgress }: SourceOptions,
): Promise<string> {
  const totalBytes = files.reduce((sum, { bytes }) => sum + bytes, 0);
  let doneBytes = 0;
  const lines: string[] = [];
  for (const { name, path } of files.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const hash = createHash('sha256');
    const onBytes = (count: number) => {
      doneBytes += count;
      onProgress?.({ file: name, doneBytes, totalBytes });
    };
    await feedFile(hash, path, { signal, onBytes }).catch((error: unknown) => {
      throw signal?.aborted ? canceledError(`Reading ${name}`, signal) : error;
    });
    lines.push(`${hash.digest('hex')}  ${name}\n`);
  }
  return createHash('sha256').update(lines.join('')).digest('hex');
}
