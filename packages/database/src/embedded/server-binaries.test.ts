import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { restoreSymlinks } from './server-binaries.js';

it('makes the links that the package could not hold, and minds no existing ones', async () => {
  const root = await mkdtemp(join(tmpdir(), 'layersense-links-'));
  await mkdir(join(root, 'native', 'lib'), { recursive: true });
  await writeFile(join(root, 'native', 'lib', 'libx.so.1.2'), 'library');
  await writeFile(
    join(root, 'native', 'pg-symlinks.json'),
    JSON.stringify([{ source: 'native/lib/libx.so.1.2', target: 'native/lib/libx.so.1' }]),
  );
  await restoreSymlinks(root);
  await restoreSymlinks(root);
  expect(await readFile(join(root, 'native', 'lib', 'libx.so.1'), 'utf8')).toBe('library');
  await rm(root, { recursive: true });
});
