import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withFileLock } from './file-lock.js';

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
