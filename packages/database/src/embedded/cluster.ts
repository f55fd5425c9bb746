import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chown, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LayersenseError } from '@layersense/contracts';
import { assertReachable, type ServerAccount, serverAccount } from './server-account.js';
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

export interface Outcome {
  readonly code: number;
  readonly output: string;
}

/**
 * Opens the cluster under `folder`, and makes it first where there is none.
 *
 * @throws database_unavailable with what initdb said
 */
export async function openCluster(folder: string): Promise<Cluster> {
  const [binaries, account] = await Promise.all([serverBinaries(), serverAccount()]);
  if (account) {
    await assertReachable(binaries.initdb, account);
    await assertReachable(folder, account);
  }
  await mkdir(folder, { recursive: true });
  const home = join(folder, 'cluster');
  if (!(await isCluster(home))) await createCluster(home, binaries, account);
  return {
    folder,
    data: join(home, 'data'),
    log: join(home, 'server.log'),
    password: (await readFile(join(home, 'password'), 'utf8')).trim(),
    binaries,
    account,
  };
}

/** PG_VERSION is what initdb itself looks for: it refuses a folder that has one. */
export function isCluster(home: string): Promise<boolean> {
  return readFile(join(home, 'data', 'PG_VERSION')).then(
    () => true,
    () => false,
  );
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
  const password = join(aside, 'password');
  try {
    await mkdir(aside, { mode: 0o700 });
    await writeFile(password, `${randomBytes(24).toString('hex')}\n`, { mode: 0o600 });
    if (account) {
      await chown(aside, account.uid, account.gid);
      await chown(password, account.uid, account.gid);
    }
    await initialise(join(aside, 'data'), password, binaries, account);
    await rename(aside, home).catch(async (error: unknown) => {
      if (!(await isCluster(home))) throw error;
    });
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
}

async function initialise(
  data: string,
  password: string,
  { initdb }: ServerBinaries,
  account: ServerAccount | undefined,
): Promise<void> {
  const flags = [
    `--pgdata=${data}`,
    `--pwfile=${password}`,
    `--username=${SERVER_USER}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale=C',
    '--no-instructions',
  ];
  const { code, output } = await runAs(account, initdb, flags);
  if (code !== 0)
    throw serverError('The bundled PostgreSQL could not make its data folder', output);
}

/** Runs one of PostgreSQL's programs to its end; its output is for error messages. */
export function runAs(
  account: ServerAccount | undefined,
  program: string,
  flags: readonly string[],
): Promise<Outcome> {
  // A bare environment: PGDATA, PGPORT or a locale of the caller's must not reach the server.
  const options = { env: { LC_ALL: 'C', TZ: 'UTC' }, cwd: '/', ...account };
  return new Promise((resolve) => {
    execFile(program, flags, options, (error, stdout, stderr) => {
      const code = typeof error?.code === 'number' ? error.code : error ? -1 : 0;
      resolve({ code, output: `${stdout}${stderr}` || (error?.message ?? '') });
    });
  });
}

export function serverError(what: string, output: string): LayersenseError {
  const detail = output.trim().split('\n').slice(-20).join('\n');
  return new LayersenseError('database_unavailable', `${what}. It said:\n${detail}`, {
    output: detail,
  });
}
