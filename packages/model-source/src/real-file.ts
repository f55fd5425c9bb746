import { open, realpath, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { type ErrorCode, isLfsPointer, LayersenseError, lfsPointer } from '@layersense/contracts';

/** Git LFS takes nothing larger for a pointer. */
const MAX_POINTER_BYTES = 1024;

/**
 * The path behind every symbolic link, and its size. Only regular files pass: opening a pipe or a
 * device that lies in a model folder could block for ever. A Git LFS pointer is not the file.
 *
 * @param code of the error that a pointer is.
 * @throws LayersenseError `checkpoint_missing`, `checkpoint_invalid`, `code`.
 */
export async function realFile(
  path: string,
  code: ErrorCode = 'checkpoint_invalid',
): Promise<{ path: string; bytes: number }> {
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
  if (info.size <= MAX_POINTER_BYTES && isLfsPointer(await head(real))) {
    throw lfsPointer(basename(path), code);
  }
  return { path: real, bytes: info.size };
}

async function head(path: string): Promise<Uint8Array> {
  const handle = await open(path);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(MAX_POINTER_BYTES));
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}
