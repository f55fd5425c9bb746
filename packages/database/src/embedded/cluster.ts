import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chown, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LayersenseError } from '@layersense/contracts';
import { type Outcome, runAs, type ServerAccount } from './run-as.js';
import { serverAccount } from './server-account.js';
import { type ServerBinaries, serverBinaries } from './server-binaries.js';

export const SERVER_USER = 'layersense';

/** An initialised data folder and what it takes to drive its server. */
export interface Cluster {
  readonly folder: string;
  readonly data: string;
  readonly log: string;
  readonly password: string;
  readonly binaries: ServerBinaries;
  readonly account: ServerAccount | undefined;
}

/**
 * Opens the cluster under `folder`, and makes it first where there is none.
 *
 * @throws database_unavailable with what initdb said, or what keeps the data from being there
 */
export async function openCluster(folder: string): Promise<Cluster> {
  const home = join(folder, 'cluster');
  const data = join(home, 'data');
  await mkdir(folder, { recursive: true }).catch((error: unknown) => {
    throw folderError(folder, error);
  });
  const there = await isCluster(home);
  const account = await serverAccount(data);
  const binaries = await serverBinaries(folder, account);
  if (!there) await createCluster(home, binaries, account);
  return {
    folder,
    data,
    log: join(home, 'server.log'),
    password: (await readFile(join(home, 'password'), 'utf8')).trim(),
    binaries,
    account,
  };
}

/**
 * PG_VERSION is what initdb itself looks for: it refuses a folder that has one.
 *
 * @throws database_unavailable for a cluster that this process may not look at
 */
export async function isCluster(home: string): Promise<boolean> {
  try {
    await readFile(join(home, 'data', 'PG_VERSION'));
    return true;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT') return false;
    throw folderError(join(home, '..'), error);
  }
}

/**
 * Built aside and renamed into place, so that a killed initdb leaves nothing that looks finished
 * and of two processes doing this at once one wins and the other uses the winner's.
 */
async function createCluster(
  home: string,
  binaries: ServerBinaries,
  account: ServerAccount | undefined,
): Promise<void> {
  const aside = `${home}.${randomBytes(6).toString('hex')}`;
  try {
    const data = join(aside, 'data');
    const password = join(aside, 'password');
    await mkdir(data, { recursive: true, mode: 0o700 });
    await writeFile(password, `${randomBytes(24).toString('hex')}\n`, { mode: 0o600 });
    if (account) {
      for (const path of [aside, data, password]) await chown(path, account.uid, account.gid);
    }
    await initialise(data, binaries, account);
    await rename(aside, home).catch(async (error: unknown) => {
      if (!(await isCluster(home))) throw error;
    });
  } catch (error) {
    throw error instanceof LayersenseError ? error : folderError(join(home, '..'), error);
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
}

async function initialise(
  data: string,
  { initdb }: ServerBinaries,
  account: ServerAccount | undefined,
): Promise<void> {
  const { code, output } = await runInData({ data, account }, initdb, (here) => [
    `--pgdata=${here}`,
    `--pwfile=${here}/../password`,
    `--username=${SERVER_USER}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale=C',
    '--no-instructions',
  ]);
  if (code !== 0) {
    const nameless = output.includes('could not look up effective user ID');
    const advice = nameless ? ', which needs an account of this user id in /etc/passwd' : '';
    throw serverError(`The bundled PostgreSQL could not make its data folder${advice}`, output);
  }
}

/**
 * Runs one of PostgreSQL's programs in the data folder, which it calls by its own working
 * directory. So its account need not be able to pass what lies above the folder, as /root; and a
 * path that is too long for PostgreSQL, or that a shell would interpret, reaches neither. Where
 * there is no such name the program gets the path.
 */
export function runInData(
  { data, account }: Pick<Cluster, 'data' | 'account'>,
  program: string,
  flags: (here: string) => readonly string[],
): Promise<Outcome> {
  const own = '/proc/self/cwd';
  return runAs(account, program, flags(existsSync(own) ? own : data), data);
}

export function serverError(what: string, output: string): LayersenseError {
  const detail = output.trim().split('\n').slice(-20).join('\n');
  return new LayersenseError('database_unavailable', `${what}. It said:\n${detail}`, {
    output: detail,
  });
}

function folderError(folder: string, cause: unknown): LayersenseError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new LayersenseError(
    'database_unavailable',
    `The bundled PostgreSQL cannot keep its data in ${folder} (${reason}). Choose a folder that this user may write to (--data-folder), run as the user whom it belongs to, or set DATABASE_URL.`,
    { folder },
    { cause },
  );
}
