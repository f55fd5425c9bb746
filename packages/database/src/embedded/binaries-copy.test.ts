import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { copyToReachablePlace, removeCopies } from './binaries-copy.js';
import { runAs, type ServerAccount } from './run-as.js';
import { serverBinaries } from './server-binaries.js';

const asRoot = process.getuid?.() === 0;

let scratch: string;
let folder: string;
let root: string;

beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'layersense-copies-'));
  await chmod(scratch, 0o711);
  folder = join(scratch, 'data');
  root = join(scratch, 'package');
  await mkdir(folder);
  await mkdir(join(root, 'bin'), { recursive: true, mode: 0o700 });
  await writeFile(join(root, 'bin', 'server'), '#!/bin/sh\necho "version $(cat "$0.txt")"\n');
  await chmod(join(root, 'bin', 'server'), 0o700);
  await writeFile(join(root, 'bin', 'server.txt'), '1', { mode: 0o600 });
});

afterEach(async () => {
  await removeCopies(folder);
  await rm(scratch, { recursive: true, force: true });
});

const copy = (account?: ServerAccount) =>
  copyToReachablePlace({
    root,
    folder,
    account,
    obstacle: async (place) => {
      const { code, output } = await runAs(account, join(place, 'bin', 'server'), []);
      return code === 0 && output.startsWith('version ') ? undefined : output;
    },
  });

const versionAt = async (place: string) =>
  (await runAs(undefined, join(place, 'bin', 'server'), [])).output;

describe('a copy of the programs', () => {
  it('lies beside the data, is whole, and goes', async () => {
    const place = await copy();
    expect(place.startsWith(`${folder}/`)).toBe(true);
    expect(await versionAt(place)).toBe('version 1\n');
    expect((await readdir(folder)).length).toBe(1);
    await removeCopies(folder);
    expect(await readdir(folder)).toEqual([]);
  });

  it('is used again as it is', async () => {
    const place = await copy();
    const { ino } = await stat(place);
    expect(await copy()).toBe(place);
    expect((await stat(place)).ino).toBe(ino);
  });

  it.each([
    ['damaged', (place: string) => writeFile(join(place, 'bin', 'server.txt'), '')],
    ['incomplete', (place: string) => rm(join(place, 'bin', 'server.txt'))],
    ['of another version', () => writeFile(join(root, 'bin', 'server.txt'), '2')],
  ])('is not used when it is %s', async (_what, change) => {
    await change(await copy());
    const expected = await readFile(join(root, 'bin', 'server.txt'), 'utf8');
    const place = await copy();
    expect(await versionAt(place)).toBe(`version ${expected}\n`);
    expect(place.startsWith(`${folder}/`)).toBe(true);
    expect((await readdir(folder)).length).toBe(1);
  });

  it('is not used where others may have changed it', async () => {
    const place = await copy();
    await chmod(place, 0o777);
    const other = await copy();
    expect(other.startsWith(scratch)).toBe(false);
    expect((await stat(other)).mode & 0o777).toBe(0o755);
  });

  it('is one however many make it at once', async () => {
    const places = await Promise.all([copy(), copy(), copy()]);
    expect(new Set(places).size).toBe(1);
    expect((await readdir(folder)).length).toBe(1);
  });

  it('lies elsewhere when it cannot be beside the data', async () => {
    await rm(folder, { recursive: true });
    await writeFile(folder, 'no folder');
    const place = await copy();
    expect(place.startsWith(scratch)).toBe(false);
    expect(await versionAt(place)).toBe('version 1\n');
    await removeCopies(folder);
    await expect(stat(place)).rejects.toThrow('ENOENT');
  });

  it('is refused with what stands in the way at every place', async () => {
    await writeFile(join(root, 'bin', 'server'), '#!/bin/sh\necho broken\nexit 3\n');
    await expect(copy()).rejects.toMatchObject({
      code: 'database_unavailable',
      message: expect.stringContaining(`${folder}/layersense-postgresql-`),
      context: { places: expect.arrayContaining([expect.stringContaining('broken')]) },
    });
    expect(await readdir(folder)).toEqual([]);
  });

  it.skipIf(!asRoot)('is where the account can get to, when that is not root', async () => {
    await chmod(folder, 0o700);
    const nobody = { uid: 65534, gid: 65534 };
    const place = await copy(nobody);
    expect(place.startsWith(scratch)).toBe(false);
    expect((await runAs(nobody, join(place, 'bin', 'server'), [])).output).toBe('version 1\n');
    expect(await readdir(folder)).toEqual([]);
  });
});

it('is not made where the programs run as they are', async () => {
  const { initdb } = await serverBinaries(folder, undefined);
  expect(initdb.startsWith(folder)).toBe(false);
  expect(await readdir(folder)).toEqual([]);
});
