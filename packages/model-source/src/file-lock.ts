import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { aliveness, describeThisProcess, pidOf } from './lock-holder.js';
import { pause } from './pause.js';

const STALE_MS = 30_000;
const POLL_MS = 200;

export interface LockOptions {
  readonly signal?: AbortSignal | undefined;
  /** How long a lock may go without a sign of life before another process takes it over. */
  readonly staleMs?: number;
}

export interface FileLock {
  release(): Promise<void>;
}

/** Another process has the lock; its id, where it runs on this machine. */
export interface LockTaken {
  readonly pid: number | undefined;
}

/**
 * Runs `work` while no other process that asks for the same path does. The lock is a file that names
 * its holder and whose time the holder renews, so that the lock of a killed process does not last: a
 * process of this machine is looked for, and for others waiters watch whether that time changes under
 * their own clock, because machines that share a folder disagree on the hour.
 */
export async function withFileLock<T>(
  path: string,
  work: () => Promise<T>,
  { signal, staleMs = STALE_MS }: LockOptions = {},
): Promise<T> {
  await mkdir(dirname(path), { recursive: true });
  const mine = newOwner();
  const watch = watchHolder(path, staleMs);
  while (!(await create(path, mine))) {
    const { holder, state, isStale } = await watch();
    if (state === 'gone' || isStale) await removeIfOwned(path, holder);
    else await pause(pollMs(staleMs), signal);
  }
  const lock = hold(path, mine, staleMs);
  try {
    return await work();
  } finally {
    await lock.release();
  }
}

/**
 * Takes a lock for as long as this process runs or until it is released, unless another has it: then
 * it does not wait, except for a sign of life of a holder that this machine knows nothing about.
 */
export async function tryFileLock(
  path: string,
  { signal, staleMs = STALE_MS }: LockOptions = {},
): Promise<FileLock | LockTaken> {
  const mine = newOwner();
  const watch = watchHolder(path, staleMs);
  while (!(await create(path, mine))) {
    const { holder, state, isStale, isRenewed } = await watch();
    if (state === 'alive' || isRenewed) return { pid: pidOf(holder) };
    if (state === 'gone' || isStale) await removeIfOwned(path, holder);
    else await pause(pollMs(staleMs), signal);
  }
  return hold(path, mine, staleMs);
}

/** Looks at a lock again and again: who holds it, and whether its time changes. */
function watchHolder(path: string, staleMs: number) {
  let [lastHolder, lastTime, since] = ['', '', performance.now()];
  return async () => {
    const holder = await readFile(path, 'utf8').catch(() => '');
    const time = `${(await stat(path).catch(() => undefined))?.mtimeMs}`;
    const isRenewed = holder === lastHolder && lastTime !== '' && time !== lastTime;
    if (holder !== lastHolder || time !== lastTime) {
      [lastHolder, lastTime, since] = [holder, time, performance.now()];
    }
    const isStale = performance.now() - since > staleMs;
    return { holder, state: aliveness(holder), isStale, isRenewed };
  };
}

function hold(path: string, mine: string, staleMs: number): FileLock {
  const renewal = setInterval(() => {
    const now = new Date();
    utimes(path, now, now).catch(() => undefined);
  }, staleMs / 5).unref();
  return {
    release: async () => {
      clearInterval(renewal);
      await removeIfOwned(path, mine);
    },
  };
}

const newOwner = () => `${randomUUID()} ${describeThisProcess()}`;
const pollMs = (staleMs: number) => Math.min(POLL_MS, staleMs / 5);

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
