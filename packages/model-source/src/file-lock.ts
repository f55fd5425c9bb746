import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { pause } from './pause.js';

const STALE_MS = 30_000;
const POLL_MS = 200;

interface LockOptions {
  readonly signal?: AbortSignal | undefined;
  /** How long a lock may go without a sign of life before another process takes it over. */
  readonly staleMs?: number;
}

/**
 * Runs `work` while no other process that asks for the same path does. The lock is a file whose
 * time its holder renews, so that the lock of a killed process does not last. Waiters judge it by
 * whether that time changes under their own clock: machines that share a cache disagree on the hour.
 */
export async function withFileLock<T>(
  path: string,
  work: () => Promise<T>,
  { signal, staleMs = STALE_MS }: LockOptions = {},
): Promise<T> {
  const owner = randomUUID();
  await mkdir(dirname(path), { recursive: true });
  await acquire(path, owner, staleMs, signal);
  const renewal = setInterval(() => {
    const now = new Date();
    utimes(path, now, now).catch(() => undefined);
  }, staleMs / 5);
  try {
    return await work();
  } finally {
    clearInterval(renewal);
    await removeIfOwned(path, owner);
  }
}

async function acquire(
  path: string,
  owner: string,
  staleMs: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  let lastSeen = '';
  let unchangedSince = performance.now();
  while (!(await create(path, owner))) {
    const holder = await readFile(path, 'utf8').catch(() => '');
    const seen = `${holder} ${(await stat(path).catch(() => undefined))?.mtimeMs}`;
    if (seen !== lastSeen) {
      lastSeen = seen;
      unchangedSince = performance.now();
    } else if (performance.now() - unchangedSince > staleMs) {
      await removeIfOwned(path, holder);
      continue;
    }
    await pause(Math.min(POLL_MS, staleMs / 5), signal);
  }
}

async function create(path: string, owner: string): Promise<boolean> {
  try {
    await writeFile(path, owner, { flag: 'wx' });
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

async function removeIfOwned(path: string, owner: string): Promise<void> {
  if ((await readFile(path, 'utf8').catch(() => undefined)) === owner) {
    await rm(path, { force: true });
  }
}
