import { mkdtemp, readdir, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { KeptFiles } from './kept-files.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'layersense-kept-'));
});
afterAll(() => rm(folder, { recursive: true }));

it('keeps what was used last when there is too much', async () => {
  const files = new KeptFiles(folder, 8);
  const keys = Array.from({ length: 8 }, (_, i) => `ab${i}`);
  for (const [i, key] of keys.entries()) {
    await files.write(key, `text ${i}`);
    await utimes(join(folder, 'ab', String(i)), i, i);
  }
  expect(await files.read('ab0')).toBe('text 0');
  await files.write('ab8', 'one more');
  // Of nine, six stay: the two that were used, and the four newest of the others.
  expect((await readdir(join(folder, 'ab'))).sort()).toEqual(['0', '4', '5', '6', '7', '8']);
  expect(await files.read('ab1')).toBeUndefined();
  expect(files.notes).toEqual([]);
});

it('keeps nothing without a folder', async () => {
  const files = new KeptFiles(undefined);
  await files.write('cd', 'text');
  expect(await files.read('cd')).toBeUndefined();
});
