import { join } from 'node:path';
import type { HubSettings } from './settings.js';

/**
 * Where beside the models lies what was found out of their matrices. It is small and bounded, so nothing of
 * `maxCacheBytes` is kept free for it.
 */
export function keptFolder({ cacheFolder }: Pick<HubSettings, 'cacheFolder'>): string {
  return join(cacheFolder, '.layersense-kept');
}
