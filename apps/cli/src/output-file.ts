import { access, constants, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { UsageError } from './usage-error.js';

/**
 * Says now what would otherwise be found out after the computation.
 *
 * @throws UsageError when `file` could not be written
 */
export async function assertWritable(file: string): Promise<void> {
  const folder = dirname(resolve(file));
  const isFolder = async (path: string): Promise<boolean> =>
    (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
  if (await isFolder(file)) throw new UsageError(`--out ${file} is a folder. Name a file in it.`);
  if (!(await isFolder(folder))) {
    throw new UsageError(`--out ${file}: there is no folder ${folder}. Make it first.`);
  }
  await access(folder, constants.W_OK).catch(() => {
    throw new UsageError(`--out ${file}: the folder ${folder} is not writable.`);
  });
}

/** The file has all of `text` or stays as it was. */
export async function writeAtomically(file: string, text: string): Promise<void> {
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    await writeFile(temporary, text, { flag: 'wx' });
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
