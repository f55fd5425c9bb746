import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { promisify } from 'node:util';
import { LayersenseError } from '@layersense/contracts';

const run = promisify(execFile);

/** Whom the server runs as; absent = whoever runs this process. */
export interface ServerAccount {
  readonly uid: number;
  readonly gid: number;
}

/** PostgreSQL refuses to run as root, so root hands it to the account `postgres`. */
export async function serverAccount(): Promise<ServerAccount | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  try {
    return await accountOf('postgres');
  } catch {
    return await createAccount('postgres');
  }
}

async function accountOf(name: string): Promise<ServerAccount> {
  const [uid, gid] = await Promise.all([run('id', ['-u', name]), run('id', ['-g', name])]);
  return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
}

async function createAccount(name: string): Promise<ServerAccount> {
  try {
    await run('useradd', ['--system', '--user-group', '--no-create-home', name]);
    return await accountOf(name);
  } catch (cause) {
    throw new LayersenseError(
      'database_unavailable',
      `PostgreSQL does not run as root, and the account '${name}' could not be created. Run as another user, create the account, or set DATABASE_URL.`,
      {},
      { cause },
    );
  }
}

/**
 * Every folder on the way to `path`, as far as there are any, must let the account through; /root
 * does not.
 *
 * @throws database_unavailable naming the folder in the way
 */
export async function assertReachable(path: string, account: ServerAccount): Promise<void> {
  for (let folder = resolve(path); ; folder = dirname(folder)) {
    const status = await stat(folder).catch(() => undefined);
    if (status && (status.mode & 0o001) === 0 && status.uid !== account.uid) {
      throw new LayersenseError(
        'database_unavailable',
        `PostgreSQL runs as another account than root here, and ${folder} does not let it through to ${path}. Choose a folder elsewhere, run 'chmod o+x ${folder}', or set DATABASE_URL.`,
        { folder },
      );
    }
    if (folder === dirname(folder)) return;
  }
}
