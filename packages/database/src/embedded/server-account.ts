import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import { LayersenseError } from '@layersense/contracts';
import { runAs, type ServerAccount } from './run-as.js';

const run = promisify(execFile);

/**
 * PostgreSQL refuses to run as root, so root hands it to whom the data belongs already, and data
 * that is yet to be made to the account `postgres`.
 *
 * @param data the server's data folder
 * @throws database_unavailable where there is no such account and none can be made
 */
export async function serverAccount(data: string): Promise<ServerAccount | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const owner = await stat(data).catch(() => undefined);
  const account =
    owner && owner.uid !== 0
      ? { uid: owner.uid, gid: owner.gid }
      : await accountOf('postgres').catch(() => createAccount('postgres'));
  await assertUsable(account);
  return account;
}

/** The root of a container may have been left no right to become another user. */
async function assertUsable(account: ServerAccount): Promise<void> {
  const { code, output } = await runAs(account, '/bin/sh', ['-c', ':']);
  if (code === 0) return;
  throw new LayersenseError(
    'database_unavailable',
    `PostgreSQL does not run as root, and this process cannot start programs as the user ${account.uid} (${output.trim()}). Run as another user, or set DATABASE_URL.`,
    { user: account.uid },
  );
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
