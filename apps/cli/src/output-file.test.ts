import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { assertWritable, writeAtomically } from './output-file.js';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'layersense-out-'));
});

afterEach(() => rm(folder, { recursive: true }));

describe('writeAtomically', () => {
  it('replaces the whole file', async () => {
    const file = join(folder, 'scores.csv');
    await writeFile(file, 'something longer than before');
    await writeAtomically(file, 'new');
    expect(await readFile(file, 'utf8')).toBe('new');
    expect(await readdir(folder)).toEqual(['scores.csv']);
  });

  it('leaves nothing behind when it fails', async () => {
    await mkdir(join(folder, 'taken', 'inside'), { recursive: true });
    await expect(writeAtomically(join(folder, 'taken'), 'text')).rejects.toThrow();
    expect(await readdir(folder)).toEqual(['taken']);
  });
});

describe('assertWritable', () => {
  it('accepts a new file in a folder that exists', async () => {
    await expect(assertWritable(join(folder, 'new.json'))).resolves.toBeUndefined();
  });

  it('refuses a folder, and a file in no folder', async () => {
    await expect(assertWritable(folder)).rejects.toThrow(`--out ${folder} is a folder.`);
    await expect(assertWritable(join(folder, 'a', 'b'))).rejects.toThrow('there is no folder');
  });
});
