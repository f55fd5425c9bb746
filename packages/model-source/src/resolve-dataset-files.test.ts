import { mkdir, mkdtemp, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type HubServer, startHubServer } from '@layersense/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { globPattern } from './glob-pattern.js';
import { resolveDatasetFiles } from './resolve-dataset-files.js';

const TRAIN = 'main/train-00000-of-00001.parquet';

let scratch: string;
let cacheFolder: string;
let server: HubServer;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'layersense-dataset-'));
  const origin = join(scratch, 'origin');
  for (const folder of ['main', 'socratic']) await mkdir(join(origin, folder), { recursive: true });
  const names = [
    TRAIN,
    'main/test-00000-of-00001.parquet',
    'socratic/train-00000-of-00001.parquet',
  ];
  for (const name of names) await writeFile(join(origin, name), `content of ${name}`);
  await writeFile(join(origin, 'README.md'), 'a card');
  server = await startHubServer({ datasets: { 'ada/sums': origin } });
});
afterAll(async () => {
  await server.close();
  await rm(scratch, { recursive: true });
});
beforeEach(async () => {
  cacheFolder = await mkdtemp(join(scratch, 'cache-'));
});

const resolve = (patterns: string[], offline = false, id = 'ada/sums') => {
  const hub = { endpoint: server.endpoint, cacheFolder, offline, retryDelayMs: 1 };
  return resolveDatasetFiles(id, { patterns, hub });
};

describe('resolveDatasetFiles', () => {
  it('downloads a file into the layout of Python', async () => {
    const { revision, files } = await resolve([TRAIN]);
    const snapshot = join(cacheFolder, 'datasets--ada--sums', 'snapshots', revision);
    expect(revision).toBe(await server.commitOf('ada/sums'));
    expect(files.map(({ name, path }) => [name, path])).toEqual([[TRAIN, join(snapshot, TRAIN)]]);
    expect(await readFile(join(snapshot, TRAIN), 'utf8')).toBe(`content of ${TRAIN}`);
    expect(await readlink(join(snapshot, TRAIN))).toMatch(
      /^\.\.\/\.\.\/\.\.\/blobs\/[0-9a-f]{64}$/,
    );
  });

  it('selects by pattern, in order of name', async () => {
    const names = async (...patterns: string[]) =>
      (await resolve(patterns)).files.map(({ name }) => name);
    expect(await names('main/*.parquet')).toEqual(['main/test-00000-of-00001.parquet', TRAIN]);
    expect(await names('**/train-*.parquet')).toEqual([
      TRAIN,
      'socratic/train-00000-of-00001.parquet',
    ]);
  });

  it('asks for the commit alone when named files are cached, and for nothing offline', async () => {
    const first = await resolve([TRAIN]);
    const before = server.requests.length;
    expect(await resolve([TRAIN])).toEqual(first);
    expect(server.requests).toHaveLength(before + 1);
    expect(await resolve([TRAIN], true)).toEqual(first);
    expect(await resolve(['main/*'], true)).toEqual(first);
    expect(server.requests).toHaveLength(before + 1);
  });

  it('reports what is not there', async () => {
    await expect(resolve(['main/valid.parquet'])).rejects.toMatchObject({
      code: 'dataset_not_found',
      message: expect.stringContaining(TRAIN),
    });
    await expect(resolve([TRAIN], true)).rejects.toMatchObject({ code: 'hub_offline' });
    await expect(resolve([TRAIN], false, 'ada/products')).rejects.toMatchObject({
      code: 'dataset_not_found',
    });
    await expect(resolve([TRAIN], false, '../sums')).rejects.toMatchObject({
      code: 'dataset_not_found',
    });
  });
});

describe('globPattern', () => {
  it.each([
    ['a/*.txt', 'a/b.txt', true],
    ['a/*.txt', 'a/b/c.txt', false],
    ['a/*.txt', 'a/bxtxt', false],
    ['**', 'a/b', true],
    ['**/c', 'c', true],
    ['**/c', 'a/b/c', true],
    ['a?c', 'abc', true],
    ['a?c', 'a/c', false],
    ['(a|b)+', 'a', false],
    ['(a|b)+', '(a|b)+', true],
  ])('%s on %s: %s', (glob, name, matches) => {
    expect(globPattern(glob).test(name)).toBe(matches);
  });

  it('refuses a pattern that could take very long', () => {
    expect(() => globPattern('*a'.repeat(30))).toThrow(
      expect.objectContaining({ code: 'invalid_request' }),
    );
  });
});
