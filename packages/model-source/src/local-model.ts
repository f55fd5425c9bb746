import { createHash } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { LayersenseError } from '@layersense/contracts';
import { absolute, allowedPath } from './allowed-path.js';
import { canceledError } from './canceled-error.js';
import { feedFile } from './hash-file.js';
import { listModelFiles, type ModelFiles } from './list-model-files.js';
import { isCheckpointFile, type ModelFile } from './model-file.js';
import { folderOfOnnxFile, listOnnxFiles, onnxFilesIn } from './onnx/onnx-files.js';
import type { ResolvedModel, SourceOptions } from './resolved-model.js';

interface LocalModelOptions extends SourceOptions {
  readonly roots: readonly string[];
  /** The content hash that the folder must have. */
  readonly revision?: string | undefined;
}

/**
 * Pins a model folder, or an ONNX file and what lies beside it, to its content. Reads every byte once, to hash it.
 *
 * @throws LayersenseError `path_not_allowed`, `model_not_found`, `revision_not_found`, `canceled`,
 *   and those of `listModelFiles`.
 */
export async function resolveLocalModel(
  name: string,
  options: LocalModelOptions,
): Promise<ResolvedModel> {
  const { folder, onnxFile, files: found } = await localFiles(name, options.roots);
  const files = await hashFiles(found, options);
  const revision = `sha256:${contentHash(files)}`;
  if (options.revision !== undefined && options.revision !== revision) {
    throw new LayersenseError(
      'revision_not_found',
      `${name} holds ${revision}, not ${options.revision}. A local folder has no other revision; leave the revision out.`,
      { path: name, revision: options.revision },
    );
  }
  return {
    name,
    revision,
    source: 'local',
    folder,
    files,
    ...(onnxFile === undefined ? {} : { onnxFile }),
  };
}

/** The model in a folder that was named, or the ONNX file that was. */
async function localFiles(
  name: string,
  roots: readonly string[],
): Promise<ModelFiles & { readonly folder: string }> {
  const path = await allowedPath(name, roots);
  const isFolder = (await stat(path)).isDirectory();
  if (!isFolder && !name.endsWith('.onnx')) {
    throw new LayersenseError(
      'model_not_found',
      `${name} is a file. Name the folder that holds config.json and the weights, or a .onnx file.`,
      { path: name },
    );
  }
  // By the name that was given: behind a link the file's neighbours are others.
  const named = isFolder ? undefined : await folderOfOnnxFile(absolute(name), roots);
  const folder = named?.folder ?? path;
  await assertLinksStayInside(folder, roots);
  const listed = named
    ? { files: await listOnnxFiles(folder, named.onnxFile), onnxFile: named.onnxFile }
    : await listModelFiles(folder);
  // External data may have any name.
  for (const file of listed.files) await allowedPath(file.path, roots);
  return { ...listed, folder };
}

/** Comes before the first read: even a parse error would quote the file that a link leads to. */
async function assertLinksStayInside(folder: string, roots: readonly string[]): Promise<void> {
  const names = [
    ...(await readdir(folder)).filter(isCheckpointFile),
    ...(await onnxFilesIn(folder)),
  ];
  for (const name of names) await allowedPath(join(folder, name), roots);
}

type HashedFile = ModelFile & { readonly sha256: string };

async function hashFiles(
  files: readonly ModelFile[],
  { signal, onProgress }: SourceOptions,
): Promise<readonly HashedFile[]> {
  const totalBytes = files.reduce((sum, { bytes }) => sum + bytes, 0);
  let doneBytes = 0;
  const hashed: HashedFile[] = [];
  for (const file of files) {
    const hash = createHash('sha256');
    const onBytes = (count: number) => {
      doneBytes += count;
      onProgress?.({ file: file.name, doneBytes, totalBytes });
    };
    await feedFile(hash, file.path, { signal, onBytes }).catch((error: unknown) => {
      throw signal?.aborted ? canceledError(`Reading ${file.name}`, signal) : error;
    });
    hashed.push({ ...file, sha256: hash.digest('hex') });
  }
  return hashed;
}

/** SHA-256 over a line `<sha256 of the file>  <name>` per file in order of name, as sha256sum prints. */
function contentHash(files: readonly HashedFile[]): string {
  const lines = files
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, sha256 }) => `${sha256}  ${name}\n`);
  return createHash('sha256').update(lines.join('')).digest('hex');
}
