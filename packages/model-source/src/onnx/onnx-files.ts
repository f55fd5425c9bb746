import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join, posix } from 'node:path';
import { LayersenseError } from '@layersense/contracts';
import { allowedPath } from '../allowed-path.js';
import { CONFIG_FILE, type ModelFile, SMALL_FILES } from '../model-file.js';
import { dataFilesOf, readOnnxFile } from './read-onnx-file.js';

/**
 * The files of an ONNX model: the .onnx itself, what it keeps its weights in, configuration and
 * tokenizer, which may be missing.
 *
 * @param onnxFile relative to `folder`, with forward slashes.
 * @throws LayersenseError `checkpoint_missing`, `checkpoint_invalid`
 */
export async function listOnnxFiles(
  folder: string,
  onnxFile: string,
): Promise<readonly ModelFile[]> {
  const decoded = await readOnnxFile(join(folder, onnxFile));
  const data = dataFilesOf(decoded, basename(onnxFile)).map((name) => beside(onnxFile, name));
  const small = await Promise.all(SMALL_FILES.map((name) => statFile(folder, name)));
  const weights = await Promise.all([onnxFile, ...data].map((name) => statFile(folder, name)));
  const missing = [onnxFile, ...data].find((_, i) => weights[i]?.length === 0);
  if (missing !== undefined) {
    throw new LayersenseError(
      'checkpoint_missing',
      `${basename(onnxFile)} keeps weights in ${missing}, which is not there. Put the file beside it.`,
      { file: missing },
    );
  }
  return [...small, ...weights].flat();
}

/** The path of a file that an ONNX file names relative to itself. */
export function beside(onnxFile: string, name: string): string {
  return posix.join(posix.dirname(onnxFile), name);
}

/** The ONNX files of a folder and of its folder `onnx`, relative to it. */
export async function onnxFilesIn(folder: string): Promise<readonly string[]> {
  const inside = await readdir(join(folder, 'onnx')).catch(() => []);
  const names = [...(await readdir(folder)), ...inside.map((name) => `onnx/${name}`)];
  return names.filter((name) => name.endsWith('.onnx')).sort();
}

/**
 * The folder that a single .onnx file belongs to, and its name there: repositories keep configuration
 * and tokenizer above a folder named onnx.
 *
 * @throws LayersenseError `path_not_allowed`
 */
export async function folderOfOnnxFile(
  path: string,
  roots: readonly string[],
): Promise<{ readonly folder: string; readonly onnxFile: string }> {
  const [folder, file] = [dirname(path), basename(path)];
  if (basename(folder) === 'onnx') {
    const above = await allowedPath(dirname(folder), roots).catch(() => undefined);
    const config = above === undefined ? [] : await statFile(above, CONFIG_FILE);
    if (above !== undefined && config.length > 0)
      return { folder: above, onnxFile: `onnx/${file}` };
  }
  return { folder: await allowedPath(folder, roots), onnxFile: file };
}

async function statFile(folder: string, name: string): Promise<ModelFile[]> {
  const path = join(folder, name);
  const info = await stat(path).catch(() => undefined);
  return info?.isFile() ? [{ name, path, bytes: info.size }] : [];
}
