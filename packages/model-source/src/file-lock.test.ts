import { mkdtemp, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tryFileLock, withFileLock } from './file-lock.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'layersense-lock-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('withFileLock', () => {
  it('lets one at a time in, and leaves nothing behind', async () => {
    const path = join(folder, 'one.lock');
    let inside = 0;
    let most = 0;
    const work = async () => {
      most = Math.max(most, ++inside);
      await sleep(15);
      inside--;
    };
    await Promise.all(Array.from({ length: 6 }, () => withFileLock(path, work, { staleMs: 500 })));
    expect(most).toBe(1);
    await expect(stat(path)).rejects.toThrow('ENOENT');
  });

  it('releases when the work fails', async () => {
    const path = join(folder, 'failing.lock');
    const work = () => Promise.reject(new Error('no'));
    await expect(withFileLock(path, work)).rejects.toThrow('no');
    expect(await withFileLock(path, async () => 'again')).toBe('again');
  });

  it('waits for a holder that shows signs of life longer than a lock may be stale', async () => {
    const path = join(folder, 'alive.lock');
    let finished = false;
    const first = withFileLock(
      path,
      async () => {
        await sleep(700);
        finished = true;
      },
      { staleMs: 200 },
    );
    await sleep(20);
    const seen = await withFileLock(path, async () => finished, { staleMs: 200 });
    await first;
    expect(seen).toBe(true);
  });

  it('takes over the lock of a process that died', async () => {
    const path = join(folder, 'dead.lock');
    await writeFile(path, 'a process that is gone');
    const holder = await withFileLock(path, () => readFile(path, 'utf8'), { staleMs: 100 });
    expect(holder).not.toContain('gone');
  });

  it('stops waiting when aborted', async () => {
    const path = join(folder, 'waiting.lock');
    await writeFile(path, 'another');
    const signal = AbortSignal.timeout(50);
    await expect(withFileLock(path, async () => 1, { signal })).rejects.toMatchObject({
      code: 'canceled',
    });
  });
});

describe('tryFileLock', () => {
  /** The lock of a process in another container or on another machine. */
  async function elsewhere(name: string): Promise<string> {
    const path = join(folder, name);
    await writeFile(path, '00000000-0000-0000-0000-000000000000 1 1 elsewhere');
    return path;
  }

  it('does not wait for a process of this machine', async () => {
    const path = join(folder, 'gpu.lock');
    const lock = await tryFileLock(path);
    expect(await tryFileLock(path)).toEqual({ pid: process.pid });
    if ('release' in lock) await lock.release();
    await expect(stat(path)).rejects.toThrow('ENOENT');
  });

  it('takes over at once from a process of this machine that is gone', async () => {
    const path = join(folder, 'gone.lock');
    await tryFileLock(path);
    const [owner, pid, , place] = (await readFile(path, 'utf8')).split(' ');
    await writeFile(path, [owner, pid, '1', place].join(' '));
    expect(await tryFileLock(path, { staleMs: 3_600_000 })).toHaveProperty('release');
  });

  it('leaves the lock to a process elsewhere that shows a sign of life', async () => {
    const path = await elsewhere('elsewhere-alive.lock');
    let seconds = 1;
    const renewal = setInterval(() => void utimes(path, ++seconds, seconds), 20);
    try {
      expect(await tryFileLock(path, { staleMs: 3_600_000 })).toEqual({ pid: undefined });
    } finally {
      clearInterval(renewal);
    }
  });

  it('takes over from a process elsewhere that shows none', async () => {
    const path = await elsewhere('elsewhere-dead.lock');
    expect(await tryFileLock(path, { staleMs: 100 })).toHaveProperty('release');
  });
});
