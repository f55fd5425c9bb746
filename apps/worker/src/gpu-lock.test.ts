import { type ChildProcess, fork } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { lockGpu } from './gpu-lock.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'layersense-gpu-'));
});
afterEach(() => rm(folder, { recursive: true }));

const source = fileURLToPath(new URL('../dist/gpu-lock.js', import.meta.url));

/** Another process that holds the lock. */
async function holder(gpu: string): Promise<ChildProcess> {
  const script = join(folder, 'holder.mjs');
  await writeFile(
    script,
    `import { lockGpu } from ${JSON.stringify(source)};
     await lockGpu(${JSON.stringify(gpu)}, ${JSON.stringify(folder)});
     process.send('locked');
     setInterval(() => {}, 1000);`,
  );
  const child = fork(script);
  await new Promise((resolve) => child.once('message', resolve));
  return child;
}

it('gives a GPU to one process, until that releases it or is killed', async () => {
  const other = await holder('0');
  await expect(lockGpu('0', folder)).rejects.toMatchObject({
    code: 'device_unavailable',
    context: { gpu: '0', pid: other.pid },
  });
  const another = await lockGpu('1', folder);
  const exit = new Promise((resolve) => other.once('exit', resolve));
  other.kill('SIGKILL');
  await exit;
  const lock = await lockGpu('0', folder);
  await expect(lockGpu('0', folder)).rejects.toMatchObject({ code: 'device_unavailable' });
  await lock.release();
  await another.release();
  expect((await readdir(folder)).filter((name) => name.endsWith('.lock'))).toEqual([]);
});

it('is not fooled by a process that has the number of a dead holder', async () => {
  const path = join(folder, 'layersense-gpu-0.lock');
  const former = await lockGpu('0', folder);
  const [owner, pid, , place] = (await readFile(path, 'utf8')).split(' ');
  await former.release();
  await writeFile(path, [owner, pid, '1', place].join(' '));
  const lock = await lockGpu('0', folder);
  expect((await readFile(path, 'utf8')).split(' ')[1]).toBe(String(process.pid));
  await lock.release();
});
