import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UsageError } from '../usage-error.js';

export interface TemporaryFolder {
  readonly path: string;
  remove(): Promise<void>;
}

/** @throws UsageError where this user can make no folder among the temporary files */
export async function makeTemporaryFolder(): Promise<TemporaryFolder> {
  const path = await mkdtemp(join(tmpdir(), 'layersense-demo-')).catch((error: Error) => {
    throw new UsageError(
      `No folder can be made in ${tmpdir()} (${error.message}). Let TMPDIR name one that this user may write to.`,
    );
  });
  // Started by root, PostgreSQL runs as another account, and from a copy of its programs where that
  // cannot reach this repository: the copy can lie in here if the account may pass through.
  if (process.getuid?.() === 0) await chmod(path, 0o711);
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}
