import { z } from 'zod';
import { hubJson } from './hub-json.js';
import { repositoryUrl } from './repository.js';
import type { HubContext } from './request.js';

const MAX_PAGES = 1000;

/** A file of a repository as the Hub lists it. */
export interface RemoteFile {
  readonly name: string;
  readonly bytes: number;
  /** Its name among the cache's blobs: the SHA-256 of a large file, the git object id of a small one. */
  readonly blob: string;
}

const bytes = z.number().int().nonnegative();
/** Names become paths: relative, forward slashes, no segment that leads upwards. */
const filePath = z
  .string()
  .min(1)
  .refine((path) => !path.includes('\\') && !path.includes('\0'))
  .refine((path) => path.split('/').every((part) => !['', '.', '..'].includes(part)));
const treePage = z.array(
  z.discriminatedUnion('type', [
    z.object({
      type: z.literal('file'),
      path: filePath,
      size: bytes,
      oid: z.string().regex(/^[0-9a-f]{40}$/),
      lfs: z.object({ oid: z.string().regex(/^[0-9a-f]{64}$/), size: bytes }).optional(),
    }),
    z.object({ type: z.literal('directory') }),
  ]),
);

/** Every file of a commit, folders included. Throws as `hubRequest` does. */
export async function listFiles(context: HubContext, commit: string): Promise<RemoteFile[]> {
  const api = repositoryUrl(context.settings, context.repository, 'api');
  const files: RemoteFile[] = [];
  let url: string | undefined = `${api}/tree/${commit}?recursive=true`;
  for (let page = 0; url !== undefined && page < MAX_PAGES; page++) {
    const answer: { value: z.output<typeof treePage>; next?: string | undefined } = await hubJson(
      context,
      url,
      treePage,
    );
    for (const entry of answer.value) {
      if (entry.type === 'directory') continue;
      const { oid, size } = entry.lfs ?? entry;
      files.push({ name: entry.path, bytes: size, blob: oid });
    }
    url = answer.next;
  }
  return files;
}
