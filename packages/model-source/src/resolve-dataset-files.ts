import { readdir, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { LayersenseError } from '@layersense/contracts';
import { globPattern } from './glob-pattern.js';
import { snapshotFolder, writeRef } from './hub/cache.js';
import { holdIfCached } from './hub/cache-hold.js';
import { fetchFiles } from './hub/fetch-files.js';
import { listFiles } from './hub/list-files.js';
import { isRepositoryId, repositoryAt } from './hub/repository.js';
import type { HubContext } from './hub/request.js';
import { notCached, resolveCommit } from './hub/resolve-commit.js';
import type { HubSettings } from './hub/settings.js';
import type { ModelFile } from './model-file.js';
import type { SourceOptions } from './resolved-model.js';

export interface ResolveDatasetOptions extends SourceOptions {
  /** A branch, tag or commit; `main` by default. */
  readonly revision?: string | undefined;
  /** Paths in the repository; `*`, `**` and `?` match as in a shell. */
  readonly patterns: readonly string[];
  readonly hub: HubSettings;
}

export interface DatasetFiles {
  /** The 40-digit commit. */
  readonly revision: string;
  /** The matching files in order of name. */
  readonly files: readonly ModelFile[];
}

/**
 * Pins a data set of the Hub to a commit and makes the files that match a pattern present, sharing
 * Python's cache. Paths without wildcards that are cached need no listing.
 *
 * @throws LayersenseError `dataset_not_found` also when nothing matches, `hub_offline`,
 *   `download_corrupt`, `disk_full`, `cache_full`, those of `hubRequest`.
 */
export async function resolveDatasetFiles(
  id: string,
  { revision, patterns, hub, signal, onProgress }: ResolveDatasetOptions,
): Promise<DatasetFiles> {
  if (!isRepositoryId(id)) throw notARepository(id);
  const repository = repositoryAt('dataset', id, revision);
  const context: HubContext = { settings: hub, repository, signal };
  const commit = await resolveCommit(context);
  await holdIfCached(context, commit);
  const folder = snapshotFolder(hub, repository, commit);

  const cached = await matchingFiles(folder, patterns);
  const exact = !patterns.some((pattern) => /[*?]/.test(pattern));
  const whole = exact && patterns.every((path) => cached.some(({ name }) => name === path));
  if (!whole && !hub.offline) await downloadMatching(context, commit, patterns, onProgress);
  if (hub.offline && (exact ? !whole : cached.length === 0)) throw notCached(context);
  await writeRef(hub, repository, commit);
  return { revision: commit, files: whole ? cached : await matchingFiles(folder, patterns) };
}

async function downloadMatching(
  context: HubContext,
  commit: string,
  patterns: readonly string[],
  onProgress: SourceOptions['onProgress'],
): Promise<void> {
  const listed = await listFiles(context, commit);
  for (const pattern of patterns) {
    const expression = globPattern(pattern);
    if (listed.some(({ name }) => expression.test(name))) continue;
    throw nothingMatches(
      context.repository.id,
      pattern,
      listed.map(({ name }) => name),
    );
  }
  const expressions = patterns.map(globPattern);
  const wanted = listed.filter(({ name }) => expressions.some((e) => e.test(name)));
  await fetchFiles(context, commit, wanted, onProgress);
}

/** What of a snapshot folder matches; a missing folder holds nothing. */
async function matchingFiles(folder: string, patterns: readonly string[]): Promise<ModelFile[]> {
  const expressions = patterns.map(globPattern);
  const entries = await readdir(folder, { recursive: true }).catch(() => []);
  const files: ModelFile[] = [];
  for (const entry of entries.toSorted()) {
    const path = join(folder, entry);
    const name = relative(folder, path).split(sep).join('/');
    if (!expressions.some((expression) => expression.test(name))) continue;
    // A link whose blob was removed is no file, and neither is a folder.
    const info = await stat(path).catch(() => undefined);
    if (info?.isFile()) files.push({ name, path, bytes: info.size });
  }
  return files;
}

function notARepository(id: string): LayersenseError {
  return new LayersenseError(
    'dataset_not_found',
    `"${id.slice(0, 200)}" is not the name of a Hub data set. Write it as org/name.`,
    { dataset: id.slice(0, 200) },
  );
}

function nothingMatches(id: string, pattern: string, names: readonly string[]): LayersenseError {
  const data = names.filter((name) => /\.(parquet|jsonl?|csv|txt)$/.test(name)).slice(0, 5);
  const hint = data.length > 0 ? ` It has, among others, ${data.join(', ')}.` : '';
  return new LayersenseError(
    'dataset_not_found',
    `The data set ${id} has no file ${pattern}.${hint}`,
    { dataset: id, pattern },
  );
}
