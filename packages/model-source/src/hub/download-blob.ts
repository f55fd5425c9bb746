import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { LayersenseError } from '@layersense/contracts';
import { withFileLock } from '../file-lock.js';
import { blobPath, isFileOfSize } from './cache.js';
import type { RemoteFile } from './list-files.js';
import { PartialFile } from './partial-file.js';
import { repositoryFolderName, repositoryUrl } from './repository.js';
import { type HubContext, hubRequest, networkError } from './request.js';
import { withRetries } from './retry.js';

/** Hears how many bytes of a file are there. The number falls when a download starts anew. */
type OnBytes = (bytes: number) => void;

/**
 * Brings one file into the cache, verified by its hash, and returns where it lies. What an
 * interrupted download leaves is a `.layersense.incomplete` file, which the next one continues.
 *
 * @throws LayersenseError those of `hubRequest`, and `download_corrupt`, `disk_full`.
 */
export async function downloadBlob(
  context: HubContext,
  commit: string,
  file: RemoteFile,
  onBytes: OnBytes,
): Promise<string> {
  const { settings, repository, signal } = context;
  const blob = blobPath(settings, repository, file.blob);
  const locks = join(settings.cacheFolder, '.locks', repositoryFolderName(repository));
  const download = async () => {
    // Another process may have finished it while this one waited.
    if (await isFileOfSize(blob, file.bytes)) return;
    await mkdir(dirname(blob), { recursive: true });
    const path = `${blob}.layersense.incomplete`;
    const url = fileUrl(context, commit, file);
    await completePartialFile(context, url, file, path, onBytes).catch(async (error: unknown) => {
      if (!isDiskFull(error)) throw error;
      // What arrived takes the space that somebody else may need.
      await rm(path, { force: true });
      throw diskFull(context, file, error);
    });
    await rename(path, blob);
  };
  await withFileLock(join(locks, `${file.blob}.layersense.lock`), download, { signal });
  return blob;
}

async function completePartialFile(
  context: HubContext,
  url: string,
  file: RemoteFile,
  path: string,
  onBytes: OnBytes,
): Promise<void> {
  const partial = await PartialFile.open(path, file);
  try {
    const attempt = () => appendRest(context, url, partial, onBytes);
    await withRetries(context, attempt, () => partial.bytes);
    if (await partial.isWholeAndRight()) return;
    await rm(path);
    throw corrupt(context, file);
  } finally {
    await partial.close();
  }
}

async function appendRest(
  context: HubContext,
  url: string,
  partial: PartialFile,
  onBytes: OnBytes,
): Promise<void> {
  const { bytes: wanted } = partial.file;
  if (partial.bytes === wanted) return;
  const range: Record<string, string> =
    partial.bytes > 0 ? { Range: `bytes=${partial.bytes}-` } : {};
  // Ranges count bytes as sent, so they must be sent as stored.
  const response = await hubRequest(context, url, { 'Accept-Encoding': 'identity', ...range });
  if (!continues(response, partial.bytes)) await partial.restart();
  try {
    for await (const piece of response.body ?? []) {
      await partial.append(piece);
      onBytes(partial.bytes);
      // Too long is wrong, whatever follows; leaving the loop closes the connection.
      if (partial.bytes > wanted) return;
    }
  } catch (cause) {
    if (isDiskFull(cause)) throw cause;
    throw networkError(context, cause);
  }
  if (partial.bytes < wanted) throw networkError(context, new Error('the answer ended early'));
}

/** Whether the body starts at `offset`; a server may ignore a range and send the whole file. */
function continues(response: Response, offset: number): boolean {
  const start = /^bytes (\d+)-/.exec(response.headers.get('Content-Range') ?? '')?.[1] ?? '0';
  return Number(start) === offset;
}

function fileUrl({ settings, repository }: HubContext, commit: string, file: RemoteFile): string {
  const path = file.name.split('/').map(encodeURIComponent).join('/');
  return `${repositoryUrl(settings, repository, 'web')}/resolve/${commit}/${path}`;
}

/** No space, or none that this user may take. */
function isDiskFull(error: unknown): boolean {
  return error instanceof Error && 'code' in error && /^(ENOSPC|EDQUOT)$/.test(String(error.code));
}

function diskFull({ settings, repository }: HubContext, file: RemoteFile, cause: unknown) {
  return new LayersenseError(
    'disk_full',
    `There is no space for ${file.name} of ${repository.id} (${file.bytes} bytes) in ${settings.cacheFolder}. Free some, choose another folder (HF_HUB_CACHE), or let the worker make room (MODEL_CACHE_MAX_BYTES).`,
    { [repository.type]: repository.id, file: file.name, bytes: file.bytes },
    { cause },
  );
}

function corrupt({ repository }: HubContext, file: RemoteFile): LayersenseError {
  return new LayersenseError(
    'download_corrupt',
    `${file.name} of ${repository.id} arrived damaged: its checksum is not ${file.blob}. It was removed; try again.`,
    { [repository.type]: repository.id, file: file.name },
  );
}
