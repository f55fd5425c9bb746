import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { SpillFolders } from './spill-folders.js';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'layersense-spill-'));
});
afterEach(() => rm(root, { recursive: true }));

it('gives a job what its interrupted attempt has left, and takes it from that attempt', async () => {
  const first = await new SpillFolders(root).claim('job_a');
  await writeFile(join(first, 'tensor'), 'activations');
  const second = await new SpillFolders(root).claim('job_a');
  expect(await readFile(join(second, 'tensor'), 'utf8')).toBe('activations');
  await expect(writeFile(join(first, 'tensor'), 'too late')).rejects.toThrow('ENOENT');
});

it('keeps jobs apart', async () => {
  const folders = new SpillFolders(root);
  const [a, b] = [await folders.claim('job_a'), await folders.claim('job_ab')];
  expect(await folders.claim('job_a')).not.toBe(b);
  expect(await readdir(root)).toHaveLength(2);
  expect(a).not.toBe(b);
});

it('removes the folders of jobs that are over, and nothing else', async () => {
  const folders = new SpillFolders(join(root, 'spill'));
  await folders.sweep(() => Promise.resolve(true));
  await folders.claim('job_over');
  await folders.claim('job_running');
  await writeFile(join(root, 'spill', 'notes.txt'), 'of somebody else');
  await folders.sweep((jobId) => Promise.resolve(jobId === 'job_over'));
  const left = (await readdir(join(root, 'spill'))).map((name) => name.split('.')[0]);
  expect(left.sort()).toEqual(['job_running', 'notes']);
});
