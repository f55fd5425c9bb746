import { join } from 'node:path';
import type { SourceProgress } from '../resolved-model.js';
import { isFileOfSize, linkIntoSnapshot, snapshotFolder } from './cache.js';
import { holdRevision } from './cache-hold.js';
import { downloadBlob } from './download-blob.js';
import { makeRoom } from './evict.js';
import type { RemoteFile } from './list-files.js';
import type { HubContext } from './request.js';

const PARALLEL_DOWNLOADS = 4;

/**
 * Makes the files of a commit present in its snapshot folder. The first failure stops the others,
 * and nothing runs on after the promise is settled.
 *
 * @throws LayersenseError those of `downloadBlob`.
 */
export async function fetchFiles(
  context: HubContext,
  commit: string,
  files: readonly RemoteFile[],
  onProgress?: (progress: SourceProgress) => void,
): Promise<void> {
  await holdRevision(context, commit);
  await makeRoomFor(context, commit, files);
  const failure = new AbortController();
  const signal = AbortSignal.any([failure.signal, ...(context.signal ? [context.signal] : [])]);
  const report = progressOf(files, onProgress);
  const queue = files.values();
  const takeFromQueue = async () => {
    for (const file of queue) await fetchFile({ ...context, signal }, commit, file, report(file));
  };
  const downloads = Array.from({ length: PARALLEL_DOWNLOADS }, () =>
    takeFromQueue().catch((error: unknown) => failure.abort(error)),
  );
  await Promise.all(downloads);
  failure.signal.throwIfAborted();
}

async function fetchFile(
  context: HubContext,
  commit: string,
  file: RemoteFile,
  onBytes: (bytes: number) => void,
): Promise<void> {
  const path = pathOf(context, commit, file);
  context.onLookup?.(file.name, await isFileOfSize(path, file.bytes));
  // More than once where another process evicts the blob before this one has linked to it.
  while (!(await isFileOfSize(path, file.bytes))) {
    await linkIntoSnapshot(path, await downloadBlob(context, commit, file, onBytes));
  }
  onBytes(file.bytes);
}

async function makeRoomFor(
  context: HubContext,
  commit: string,
  files: readonly RemoteFile[],
): Promise<void> {
  let missing = 0;
  for (const file of files) {
    if (!(await isFileOfSize(pathOf(context, commit, file), file.bytes))) missing += file.bytes;
  }
  const wanted = files.map(({ blob }) => blob);
  await makeRoom(context, missing, wanted);
}

function pathOf({ settings, repository }: HubContext, commit: string, { name }: RemoteFile) {
  return join(snapshotFolder(settings, repository, commit), name);
}

/** Adds up the bytes of all files; each file reports its own. */
function progressOf(
  files: readonly RemoteFile[],
  onProgress: ((progress: SourceProgress) => void) | undefined,
) {
  const totalBytes = files.reduce((sum, { bytes }) => sum + bytes, 0);
  let doneBytes = 0;
  return (file: RemoteFile) => {
    let before = 0;
    return (bytes: number) => {
      doneBytes += bytes - before;
      before = bytes;
      onProgress?.({ file: file.name, doneBytes, totalBytes });
    };
  };
}
