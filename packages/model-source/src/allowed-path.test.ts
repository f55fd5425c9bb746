import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { allowedPath } from './allowed-path.js';

let scratch: string;
let root: string;
beforeAll(async () => {
  scratch = await realpath(await mkdtemp(join(tmpdir(), 'layersense-paths-')));
  root = join(scratch, 'root');
  await mkdir(join(root, 'sub'), { recursive: true });
  await mkdir(join(scratch, 'root-twin'));
  await writeFile(join(root, 'sub', 'set.jsonl'), '{}');
  await writeFile(join(scratch, 'secret.jsonl'), 'root:x:0:0');
  await writeFile(join(scratch, 'root-twin', 'x.txt'), 'x');
  await symlink(join(scratch, 'secret.jsonl'), join(root, 'link.jsonl'));
  await symlink(scratch, join(root, 'up'));
  await symlink(join(root, 'up', 'secret.jsonl'), join(root, 'chain.jsonl'));
});
afterAll(() => rm(scratch, { recursive: true }));

describe.each(['model', 'dataset'] as const)('the path of a %s', (kind) => {
  it('leads to what lies below a root', async () => {
    const file = join(root, 'sub', 'set.jsonl');
    for (const path of [file, `${root}/./sub//set.jsonl`, `${root}/sub/../sub/set.jsonl`])
      expect(await allowedPath(path, [root], kind)).toBe(file);
  });

  it.each([
    ['outside', () => '/etc/passwd'],
    ['a way up', () => `${root}/../secret.jsonl`],
    ['a folder whose name begins like the root', () => `${root}-twin/x.txt`],
    ['a link out', () => `${root}/link.jsonl`],
    ['a link out of a folder', () => `${root}/up/secret.jsonl`],
    ['a link to a link out', () => `${root}/chain.jsonl`],
    ['something outside that is not there', () => `${scratch}/nothing`],
    ['a NUL byte after a way up', () => `${root}/../secret.jsonl\0`],
    ['the root of all', () => '/'],
    ['home', () => '~/.ssh/id_rsa'],
    ['a file URL', () => `file://${scratch}/secret.jsonl`],
  ])('is refused: %s', async (_, path) => {
    const refusal = allowedPath(path(), [root], kind);
    await expect(refusal).rejects.toMatchObject({ code: 'path_not_allowed' });
    await expect(refusal).rejects.not.toThrow('root:x');
  });

  it.each([
    '%2e%2e/secret.jsonl',
    '..%2fsecret.jsonl',
    'x\0',
    '\0/../../secret.jsonl',
    'x'.repeat(5000),
  ])('is taken as it is written: %.20j is not there', async (name) => {
    await expect(allowedPath(`${root}/${name}`, [root], kind)).rejects.toMatchObject({
      code: expect.stringMatching(/_not_found$|^path_not_allowed$/),
    });
  });
});

it('is nothing when no root is there', async () => {
  for (const roots of [[], [join(scratch, 'nowhere')]]) {
    await expect(allowedPath(root, roots)).rejects.toMatchObject({ code: 'path_not_allowed' });
  }
});
