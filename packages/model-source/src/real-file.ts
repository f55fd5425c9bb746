import { realpath, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { LayersenseError } from '@layersense/contracts';

/**
 * The path behind every symbolic link, and its size. Only regular files pass: opening a pipe or a
 * device that lies in a model folder could block for ever.
 *
 * @throws LayersenseError `checkpoint_missing`, `checkpoint_invalid`.
 */
export async function realFile(path: string): Promise<{ path: string; bytes: number }> {
  const real = await realpath(path).catch((cause: unknown) => {
    throw new LayersenseError(
      'checkpoint_missing',
      `${basename(path)} does not exist or cannot be read. Download the model again.`,
      { file: basename(path) },
      { cause },
    );
  });
  const info = await stat(real);
  if (!info.isFile()) {
    throw new LayersenseError('checkpoint_invalid', `${basename(path)} is not a regular file.`, {
      file: basename(path),
    });
  }
  return { path: real, bytes: info.size };
}
