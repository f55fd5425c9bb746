import { createHash } from 'node:crypto';
import { cp, mkdir, mkdtemp, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hashFile } from './hash-file.js';
import { resolveLocalModel } from './local-model.js';
import type { SourceProgress } from './resolved-model.js';

const fixture = fileURLToPath(
  new URL('../../testing/fixtures/checkpoints/llama-tied/', import.meta.url),
);

let scratch: string;
let root: string;
let model: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'layersense-local-'));
  root = join(scratch, 'models');
  model = join(root, 'llama');
  await cp(fixture, model, { recursive: true });
});
afterAll(() => rm(scratch, { recursive: true }));

describe('resolveLocalModel', () => {
  it('pins a folder to the content of the files it uses', async () => {
    const resolved = await resolveLocalModel(model, { roots: [root] });
    const names = ['config.json', 'model.safetensors'];
    const sums = await Promise.all(names.map((name) => hashFile(join(model, name))));
    const listing = names.map((name, i) => `${sums[i]}  ${name}\n`).join('');
    expect(resolved).toMatchObject({ name: model, source: 'local', folder: model });
    expect(resolved.revision).toBe(`sha256:${createHash('sha256').update(listing).digest('hex')}`);
    expect(resolved.files.map(({ name }) => name)).toEqual(names);
  });

  it('has another revision when a byte changes, and takes the right one when given', async () => {
    const copy = join(root, 'changed');
    await cp(model, copy, { recursive: true });
    const { revision } = await resolveLocalModel(copy, { roots: [root] });
    expect((await resolveLocalModel(copy, { roots: [root], revision })).revision).toBe(revision);
    const weights = await readFile(join(copy, 'model.safetensors'));
    weights[weights.length - 1] = (weights.at(-1) ?? 0) ^ 1;
    await writeFile(join(copy, 'model.safetensors'), weights);
    await expect(resolveLocalModel(copy, { roots: [root], revision })).rejects.toMatchObject({
      code: 'revision_not_found',
    });
  });

  it('reports progress up to the whole', async () => {
    const seen: SourceProgress[] = [];
    await resolveLocalModel(model, {
      roots: [root],
      onProgress: (progress) => seen.push(progress),
    });
    const last = seen.at(-1);
    expect(last?.doneBytes).toBe(last?.totalBytes);
    expect(last?.totalBytes).toBeGreaterThan(70_000);
  });

  it('stops when aborted', async () => {
    const signal = AbortSignal.abort();
    await expect(resolveLocalModel(model, { roots: [root], signal })).rejects.toMatchObject({
      code: 'canceled',
    });
  });

  it('refuses paths outside the roots, there or not, by the same answer', async () => {
    for (const path of ['/etc', join(scratch, 'none'), join(root, '..'), `${root}-twin`, '~']) {
      await expect(resolveLocalModel(path, { roots: [root] })).rejects.toMatchObject({
        code: 'path_not_allowed',
      });
    }
    await expect(resolveLocalModel(model, { roots: [] })).rejects.toMatchObject({
      code: 'path_not_allowed',
    });
  });

  it('refuses links that lead out of the roots, of the folder and of a file in it', async () => {
    const outside = join(scratch, 'outside');
    await cp(model, outside, { recursive: true });
    await symlink(outside, join(root, 'linked'));
    await expect(resolveLocalModel(join(root, 'linked'), { roots: [root] })).rejects.toMatchObject({
      code: 'path_not_allowed',
    });

    const sly = join(root, 'sly');
    await mkdir(sly);
    await writeFile(join(scratch, 'secret'), 'root:x:0:0');
    await symlink(join(scratch, 'secret'), join(sly, 'model.safetensors.index.json'));
    await cp(join(model, 'config.json'), join(sly, 'config.json'));
    const refusal = resolveLocalModel(sly, { roots: [root] });
    await expect(refusal).rejects.toMatchObject({ code: 'path_not_allowed' });
    await expect(refusal).rejects.not.toThrow(/root:x/);
  });

  it('follows links that stay inside', async () => {
    await rename(model, join(root, 'real'));
    await symlink('real', model);
    const { folder } = await resolveLocalModel(model, { roots: [root] });
    expect(folder).toBe(join(root, 'real'));
  });

  it('tells a missing folder and a file inside the roots apart', async () => {
    await expect(resolveLocalModel(join(root, 'none'), { roots: [root] })).rejects.toMatchObject({
      code: 'model_not_found',
      message: expect.stringMatching(/nothing at/),
    });
    await expect(
      resolveLocalModel(join(root, 'real', 'config.json'), { roots: [root] }),
    ).rejects.toMatchObject({
      code: 'model_not_found',
      message: expect.stringMatching(/is a file/),
    });
  });
});
