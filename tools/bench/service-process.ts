// The processes of the service, as `npm run soak` and `npm run bench:api` start them.
import { type ChildProcess, fork } from 'node:child_process';
import { chmodSync, mkdtempSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { root } from '../repository.js';

/** A new folder. Others may pass through it: PostgreSQL runs as an account of its own under root. */
export function temporaryFolder(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `layersense-${name}-`));
  chmodSync(folder, 0o755);
  return folder;
}

/** `script` lies below the root of the repository. */
export function startProcess(
  script: string,
  environment: Readonly<Record<string, string>>,
  args: readonly string[] = [],
): ChildProcess {
  return fork(`${root}${script}`, [...args], { env: { ...process.env, ...environment } });
}

/** Kills the process and waits until it is gone. */
export async function killed(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await exit;
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  return address.port;
}

/** Waits until `url` answers with a status of success. */
export async function answering(url: string): Promise<void> {
  for (const end = Date.now() + 60_000; Date.now() < end; await sleep(200)) {
    if ((await fetch(url).catch(() => undefined))?.ok) return;
  }
  throw new Error(`${url} does not answer`);
}
