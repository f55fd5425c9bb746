import { open } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, sep } from 'node:path';
import { LayersenseError } from '@layersense/contracts';
import type { DecodedModel, Initializer, TensorRef } from '@layersense/onnx-ir';
import { CONFIG_FILE, type ModelFile, TOKENIZER_FILES } from '../model-file.js';
import { readJsonFile } from '../read-json-file.js';
import { realFile } from '../real-file.js';
import { beside, listOnnxFiles } from './onnx-files.js';
import { dataFilesOf, readOnnxFile } from './read-onnx-file.js';

/** An ONNX model on disk. */
export interface OnnxFile {
  /** Base name of the .onnx file. */
  readonly file: string;
  /** Its content; references are to files of `weightsFolder`. */
  readonly decoded: DecodedModel;
  /** The parsed config.json; `undefined` where there is none. */
  readonly config: unknown;
  readonly files: readonly ModelFile[];
  readonly tokenizerFiles: readonly ModelFile[];
  /** The real folder of the .onnx file, which its external data lie in or below. */
  readonly weightsFolder: string;
  /** Bytes `start` to `start + length` of a stored tensor. */
  read(ref: TensorRef, start: number, length: number): Promise<Uint8Array>;
}

/**
 * Opens an ONNX model: its graph, not its weights.
 *
 * @param onnxFile relative to `folder`: `ResolvedModel.onnxFile`.
 * @throws LayersenseError `checkpoint_missing`, `checkpoint_invalid`, `config_invalid`
 */
export async function openOnnx(folder: string, onnxFile: string): Promise<OnnxFile> {
  const files = await listOnnxFiles(folder, onnxFile);
  const file = basename(onnxFile);
  const decoded = await readOnnxFile(join(folder, onnxFile));
  const stored = new Map<string, { path: string; bytes: number }>();
  for (const name of [file, ...dataFilesOf(decoded, file)]) {
    stored.set(name, await realFile(join(folder, beside(onnxFile, name))));
  }
  const weightsFolder = folderOfAll(stored, file);
  const initializers = new Map(
    [...decoded.initializers].map(([name, initializer]) => [
      name,
      located(initializer, stored, weightsFolder),
    ]),
  );
  const hasConfig = files.some(({ name }) => name === CONFIG_FILE);
  return {
    file,
    decoded: { ...decoded, initializers },
    config: hasConfig ? await readJsonFile(join(folder, CONFIG_FILE), 'config_invalid') : undefined,
    files,
    tokenizerFiles: files.filter(({ name }) => TOKENIZER_FILES.includes(name)),
    weightsFolder,
    read: (ref, start, length) =>
      readBytes(join(weightsFolder, ref.file), ref.offset + start, length),
  };
}

/** The reference with the file's real name: a Hub snapshot's names are links into one folder. */
function located(
  initializer: Initializer,
  stored: ReadonlyMap<string, { readonly path: string; readonly bytes: number }>,
  weightsFolder: string,
): Initializer {
  const { ref } = initializer;
  if (!ref) return initializer;
  const { path, bytes } = stored.get(ref.file) ?? { path: ref.file, bytes: 0 };
  if (ref.offset + ref.length > bytes) {
    throw new LayersenseError(
      'checkpoint_invalid',
      `${ref.file} has ${bytes} bytes, but a tensor lies at bytes ${ref.offset} to ${ref.offset + ref.length}. Download or export the model again.`,
      { file: ref.file },
    );
  }
  const below = relative(weightsFolder, path).split(sep).join('/');
  return { ...initializer, ref: { ...ref, file: below } };
}

/**
 * ONNX Runtime takes external data from one folder and those below it, behind every link: in the Hub's
 * cache all files of a repository lie in one.
 */
function folderOfAll(stored: ReadonlyMap<string, { readonly path: string }>, file: string): string {
  const folder = dirname(stored.get(file)?.path ?? file);
  for (const [name, { path }] of stored) {
    const below = relative(folder, path);
    if (below !== '..' && !below.startsWith(`..${sep}`) && !isAbsolute(below)) continue;
    throw new LayersenseError(
      'checkpoint_invalid',
      `${name}, in which ${file} keeps weights, is a link that leads out of the folder of ${file}. Put the file itself there.`,
      { file: name },
    );
  }
  return folder;
}

async function readBytes(path: string, position: number, length: number): Promise<Uint8Array> {
  const handle = await open(path);
  try {
    const { buffer, bytesRead } = await handle.read(new Uint8Array(length), 0, length, position);
    if (bytesRead === length) return buffer;
    throw new LayersenseError(
      'checkpoint_invalid',
      'A weight file became shorter while it was read. Do not change a model that is in use.',
    );
  } finally {
    await handle.close();
  }
}
