import { createHash } from 'node:crypto';
import { lstat, mkdtemp, realpath, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LayersenseError } from '@layersense/contracts';
import { runAs, type ServerAccount } from './run-as.js';
import { copyTree, digestTree } from './tree.js';

interface CopyRequest {
  /** Of the package that holds the programs. */
  readonly root: string;
  /** The folder with the data of the server that needs them. */
  readonly folder: string;
  readonly account: ServerAccount | undefined;
  /** What keeps the programs from running at a place; undefined when they run. */
  readonly obstacle: (place: string) => Promise<string | undefined>;
}

/**
 * Copies the programs to the first place where the server's account can run them: beside the data,
 * else where a machine keeps the state of programs, else where it keeps temporary files. A copy
 * that is there already is used if it holds the same files. `removeCopies` removes it.
 *
 * @throws database_unavailable saying of every place why not
 */
export async function copyToReachablePlace(request: CopyRequest): Promise<string> {
  const { root, folder, account, obstacle } = request;
  const digest = await digestTree(root);
  const reasons: string[] = [];
  for (const copy of await copiesOf(folder)) {
    try {
      await assertPassable(join(copy, '..'), account);
      await putCopy(root, copy, digest);
      const reason = await obstacle(copy);
      if (reason === undefined) return copy;
      reasons.push(`${copy}: ${reason}`);
      await rm(copy, { recursive: true, force: true });
    } catch (error) {
      reasons.push(`${copy}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  throw new LayersenseError(
    'database_unavailable',
    `The bundled PostgreSQL cannot be run from ${root}, nor from a copy elsewhere. Let TMPDIR name a folder that programs may be run from, or set DATABASE_URL.\n${reasons.join('\n')}`,
    { places: reasons },
  );
}

/** Removes what `copyToReachablePlace` left for the data in `folder`. */
export async function removeCopies(folder: string): Promise<void> {
  for (const copy of await copiesOf(folder)) {
    if (await isOurs(copy)) await rm(copy, { recursive: true, force: true });
  }
}

/** Named after the folder, so that every process that works on it looks in the same places. */
async function copiesOf(folder: string): Promise<readonly string[]> {
  const places = [folder, '/var/lib', '/var/tmp', '/tmp', tmpdir()];
  const path = await realpath(folder).catch(() => folder);
  const id = createHash('sha256').update(path).digest('hex').slice(0, 16);
  return [...new Set(places)].map((place) => join(place, `layersense-postgresql-${id}`));
}

/** Before 60 MB are copied for nothing. */
async function assertPassable(place: string, account: ServerAccount | undefined): Promise<void> {
  const { code } = await runAs(account, '/bin/sh', ['-c', 'test -x "$0"', place]);
  if (code !== 0) throw new Error("the server's account cannot get there");
}

/** Built aside and renamed into place: what has the name is whole. */
async function putCopy(root: string, copy: string, digest: string): Promise<void> {
  if (await isWhole(copy, digest)) return;
  const aside = await mkdtemp(`${copy}-`);
  try {
    const made = join(aside, 'made');
    await copyTree(root, made);
    if ((await digestTree(made)) !== digest)
      throw new Error('the copy differs from what was copied');
    // What is there is of another version or damaged, and servers that run keep their open files;
    // or another process was quicker.
    await rename(made, copy).catch(async (error: unknown) => {
      if (await isWhole(copy, digest)) return;
      if (!(await isOurs(copy))) throw error;
      await rename(copy, join(aside, 'replaced'));
      await rename(made, copy);
    });
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
}

async function isWhole(copy: string, digest: string): Promise<boolean> {
  return (await isOurs(copy)) && (await digestTree(copy)) === digest;
}

/** In a folder that everybody may write to, another's files could lie under the name. */
async function isOurs(copy: string): Promise<boolean> {
  const status = await lstat(copy).catch(() => undefined);
  if (!status?.isDirectory()) return false;
  return status.uid === process.getuid?.() && (status.mode & 0o022) === 0;
}
