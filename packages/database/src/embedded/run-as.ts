import { execFile } from 'node:child_process';

/** Whom the server runs as; absent = whoever runs this process. */
export interface ServerAccount {
  readonly uid: number;
  readonly gid: number;
}

export interface Outcome {
  readonly code: number;
  readonly output: string;
}

/**
 * Runs a program to its end; its output is for error messages.
 *
 * @param account absent = as whoever runs this process
 * @param cwd entered before the account is taken on, which need not be able to get there by itself
 */
export function runAs(
  account: ServerAccount | undefined,
  program: string,
  flags: readonly string[],
  cwd = '/',
): Promise<Outcome> {
  // A bare environment: PGDATA, PGPORT or a locale of the caller's must not reach the server.
  const options = { env: { LC_ALL: 'C', TZ: 'UTC' }, cwd, ...account };
  return new Promise<Outcome>((resolve) => {
    execFile(program, flags, options, (error, stdout, stderr) => {
      const code = typeof error?.code === 'number' ? error.code : error ? -1 : 0;
      resolve({ code, output: `${stdout}${stderr}` || (error?.message ?? '') });
    });
  }).catch((error: Error) => ({ code: -1, output: error.message }));
}
