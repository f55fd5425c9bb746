import { existsSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';

/**
 * vitest's globalSetup: names a folder for the run's PostgreSQL. The server is started by the
 * first test that wants a database, so that a run without one does not wait for it.
 */
export default async function setup({ provide }: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'layersense-test-'));
  // As root the server is another account's: here it can have a copy of its programs, if it needs one.
  await chmod(folder, 0o711);
  provide('postgresFolder', folder);
  return async () => {
    if (existsSync(join(folder, 'cluster'))) {
      const { stopEmbeddedPostgres } = await import('@layersense/database');
      await stopEmbeddedPostgres(folder);
    }
    await rm(folder, { recursive: true, force: true });
  };
}
