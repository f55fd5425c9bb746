import { realpath } from 'node:fs/promises';
import { isAbsolute, relative, resolve, sep } from 'node:path';
import { LayersenseError } from '@layersense/contracts';
import { homeFolder } from './home-folder.js';

/**
 * The real path of a file or folder that a user named, if it lies under one of the allowed roots.
 * Symbolic links are followed before the check, so none leads out of the roots. Outside of them an
 * existing and a missing path get the same answer: nobody may probe the machine's files.
 *
 * @param path Absolute, relative to the working directory, or `~/…`.
 * @throws LayersenseError `path_not_allowed`, `model_not_found` or `dataset_not_found`.
 */
export async function allowedPath(
  path: string,
  roots: readonly string[],
  kind: 'model' | 'dataset' = 'model',
): Promise<string> {
  const named = absolute(path);
  const realRoots = (await Promise.all(roots.map(realRoot))).flat();
  const real = await realpath(named).catch(() => undefined);
  if (real !== undefined && realRoots.some((root) => contains(root, real))) return real;

  if (real === undefined && isBelowByName(path, [...roots, ...realRoots])) {
    throw new LayersenseError(
      `${kind}_not_found`,
      `There is nothing at ${path}. Check the path${kind === 'model' ? ', or name a Hub repository as org/name' : ''}.`,
      { path },
    );
  }
  throw new LayersenseError(
    'path_not_allowed',
    `${path} is not inside a folder that this service may read. Put the ${kind} under one of the allowed roots, or add its folder to them.`,
    { path },
  );
}

/** Whether a path lies below one of the roots as both are written, on this machine or another. */
export function isBelowByName(path: string, roots: readonly string[]): boolean {
  const named = absolute(path);
  return roots.some((root) => contains(absolute(root), named));
}

/** A path that a user wrote, from the root. */
export function absolute(path: string): string {
  const inHome = path === '~' || path.startsWith('~/');
  return resolve(inHome ? homeFolder() + path.slice(1) : path);
}

/** A configured root that does not exist allows nothing. */
async function realRoot(root: string): Promise<string[]> {
  const real = await realpath(absolute(root)).catch(() => undefined);
  return real === undefined ? [] : [real];
}

function contains(root: string, path: string): boolean {
  const below = relative(root, path);
  return below !== '..' && !below.startsWith(`..${sep}`) && !isAbsolute(below);
}
