import { afterEach, expect, it, vi } from 'vitest';
import { openSpill } from './spill.js';
import { SpillFolders } from './spill-folders.js';

afterEach(() => vi.unstubAllEnvs());

const noFolder = {
  code: 'compute_failed',
  message: expect.stringMatching(/No folder .*SPILL_DIR.*TMPDIR/),
};

it('says which variable to set when there is no writing among the temporary files', async () => {
  vi.stubEnv('TMPDIR', '/nowhere/at/all');
  await expect(openSpill(undefined)).rejects.toMatchObject(noFolder);
});

it('says so of the folder of a worker', async () => {
  const folders = new SpillFolders('/dev/null/spill');
  await expect(openSpill(() => folders.claim('job_1'))).rejects.toMatchObject(noFolder);
});
