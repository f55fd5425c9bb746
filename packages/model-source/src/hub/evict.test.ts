import { execFile } from 'node:child_process';
import { cp, lstat, mkdir, mkdtemp, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type HubServer, startHubServer } from '@layersense/testing';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openCheckpoint } from '../open-checkpoint.js';
import { resolveModel } from '../resolve-model.js';
import { CacheHold } from './cache-hold.js';
import type { HubSettings } from './settings.js';

const fixture = fileURLToPath(
  new URL('../../../testing/fixtures/checkpoints/llama-tied', import.meta.url),
);
const names = ['ada/one', 'ada/two', 'ada/three'];

let scratch: string;
let server: HubServer;
let bytes: number;
let holds: CacheHold[];
beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'layersense-evict-'));
  holds = [];
  const models: Record<string, string> = {};
  for (const name of names) {
    const folder = join(scratch, 'origin', name);
    await cp(fixture, folder, { recursive: true });
    await rm(join(folder, 'expected.json'));
    await writeFile(join(folder, 'tokenizer.json'), `{"version": "1.0", "of": "${name}"}`);
    models[name] = folder;
  }
  server = await startHubServer({ models });
  const sizes = await Promise.all(
    (await readdir(models['ada/three'] ?? '')).map((name) =>
      stat(join(models['ada/three'] ?? '', name)),
    ),
  );
  bytes = sizes.reduce((sum, { size }) => sum + size, 0);
});
afterEach(async () => {
  for (const hold of holds) hold.release();
  await server.close();
  await rm(scratch, { recursive: true });
});

/** Settings of a worker whose job holds what it resolves. */
function worker(overrides: Partial<HubSettings> = {}): HubSettings {
  const hold = new CacheHold();
  holds.push(hold);
  const cacheFolder = join(scratch, 'cache');
  const { endpoint } = server;
  return { endpoint, cacheFolder, offline: false, retryDelayMs: 1, hold, ...overrides };
}
const resolve = (name: string, hub: HubSettings) => resolveModel(name, { roots: [], hub });
const marks = () => join(scratch, 'cache', '.layersense-used');

/** Lets time pass since a model was used. */
async function age(name: string, minutes: number): Promise<void> {
  for (const hold of holds) hold.release();
  const folder = join(marks(), `models--${name.replace('/', '--')}`);
  const then = new Date(Date.now() - minutes * 60_000);
  for (const commit of await readdir(folder)) await utimes(join(folder, commit), then, then);
}
const isCached = async (name: string) => {
  const folder = join(scratch, 'cache', `models--${name.replace('/', '--')}`);
  return (await readdir(join(folder, 'blobs'))).length > 0;
};

/** Room for two models and a half. */
const limit = () => ({ maxCacheBytes: Math.floor(2.5 * bytes) });

it('removes what was used least recently, and only as much as is needed', async () => {
  for (const name of ['ada/one', 'ada/two']) await resolve(name, worker(limit()));
  await age('ada/one', 20);
  await age('ada/two', 30);
  const { folder } = await resolve('ada/three', worker(limit()));
  expect(await isCached('ada/two')).toBe(false);
  expect(await isCached('ada/one')).toBe(true);
  await openCheckpoint(folder);
  // Nothing of it is left behind, and it can be had again.
  const removed = join(scratch, 'cache', 'models--ada--two');
  expect(await readdir(join(removed, 'snapshots'))).toEqual([]);
  expect(await readdir(join(removed, 'refs'))).toEqual([]);
  await age('ada/one', 20);
  await openCheckpoint((await resolve('ada/two', worker(limit()))).folder);
});

it('removes nothing that a job uses, and says that the cache is full', async () => {
  for (const name of ['ada/one', 'ada/two']) await resolve(name, worker(limit()));
  await expect(resolve('ada/three', worker(limit()))).rejects.toMatchObject({
    code: 'cache_full',
    retryable: true,
    context: { limit_bytes: limit().maxCacheBytes },
  });
  expect(await isCached('ada/one')).toBe(true);
  expect(await isCached('ada/two')).toBe(true);
});

it('leaves alone what another program has downloaded', async () => {
  for (const name of ['ada/one', 'ada/two']) await resolve(name, worker());
  await rm(marks(), { recursive: true });
  await expect(resolve('ada/three', worker(limit()))).rejects.toMatchObject({ code: 'cache_full' });
  expect(await isCached('ada/one')).toBe(true);
});

it('keeps the files that another revision of the same model shares', async () => {
  const first = await resolve('ada/one', worker());
  await writeFile(join(scratch, 'origin', 'ada/one', 'tokenizer.json'), '{"version": "2.0"}');
  await age('ada/one', 60);
  const second = await resolve('ada/one', worker());
  expect(second.revision).not.toBe(first.revision);
  await resolve('ada/two', worker());
  await expect(resolve('ada/three', worker(limit()))).rejects.toMatchObject({ code: 'cache_full' });
  // The old revision was removed, its weights are those of the new one.
  await expect(lstat(first.folder)).rejects.toThrow('ENOENT');
  await openCheckpoint(second.folder);
});

it('fetches again what was removed while another revision was linked to it', async () => {
  const { folder } = await resolve('ada/one', worker());
  const blobs = join(scratch, 'cache', 'models--ada--one', 'blobs');
  for (const blob of await readdir(blobs)) await rm(join(blobs, blob));
  await resolve('ada/one', worker());
  expect((await openCheckpoint(folder)).tensors.size).toBeGreaterThan(0);
});

it('says that the disk is full, and leaves nothing half-written', async (test) => {
  const small = join(scratch, 'small');
  await mkdir(small);
  const mounted = await mount(small);
  test.skip(!mounted, 'needs the right to mount a small file system');
  try {
    const hub = worker({ cacheFolder: small });
    await expect(resolve('ada/one', hub)).rejects.toMatchObject({ code: 'disk_full' });
    const left = await readdir(small, { recursive: true });
    expect(left.filter((name) => name.endsWith('.incomplete'))).toEqual([]);
  } finally {
    await unmount(small);
  }
});

/** A file system of 32 KiB, smaller than the weights. */
async function mount(folder: string): Promise<boolean> {
  if (process.platform !== 'linux') return false;
  const options = ['-t', 'tmpfs', '-o', 'size=32k', 'tmpfs', folder];
  return promisify(execFile)('mount', options).then(
    () => true,
    () => false,
  );
}

async function unmount(folder: string): Promise<void> {
  await promisify(execFile)('umount', [folder]);
}
