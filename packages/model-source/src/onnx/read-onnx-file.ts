import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { LayersenseError } from '@layersense/contracts';
import { type DecodedModel, decodeModel, GraphError } from '@layersense/onnx-ir';
import { realFile } from '../real-file.js';

/** What a ProtoBuf message can hold. Larger models keep their weights in external data. */
const MAX_BYTES = 2 ** 31 - 1;

/**
 * Reads an ONNX file, without the weights it keeps in other files.
 *
 * @param path the file; references into it carry its base name.
 * @throws LayersenseError `checkpoint_missing`, `checkpoint_invalid`
 */
export async function readOnnxFile(path: string): Promise<DecodedModel> {
  const file = basename(path);
  const real = await realFile(path);
  if (real.bytes > MAX_BYTES) {
    throw new LayersenseError(
      'checkpoint_invalid',
      `${file} is larger than the 2 GiB that an ONNX file can have. Download or export it again.`,
      { file },
    );
  }
  const bytes = await readFile(real.path);
  try {
    return decodeModel(bytes, file);
  } catch (error) {
    if (!(error instanceof GraphError)) throw error;
    throw new LayersenseError(
      'checkpoint_invalid',
      `${file} cannot be read: ${error.message}. Download or export it again.`,
      { file },
      { cause: error },
    );
  }
}

/** The files beside `file` in which a decoded model keeps weights, in order of name. */
export function dataFilesOf({ initializers }: DecodedModel, file: string): readonly string[] {
  const names = [...initializers.values()].flatMap((initializer) =>
    initializer.kind === 'external' ? [initializer.ref.file] : [],
  );
  return [...new Set(names)].filter((name) => name !== file).sort();
}
