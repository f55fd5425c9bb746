import type { Database } from '@layersense/database';
import type { ApiConfig } from '../config.js';
import { isLoopback } from './loopback.js';

/** How long the first key, created by another process, may go unnoticed. */
const RECHECK_MS = 5000;

/** Who may call: `everybody` on purpose, `this-machine` while there are no keys, `keys` else. */
export type Policy = 'everybody' | 'this-machine' | 'keys';

/**
 * On loopback nothing needs a key until the first is created, and then for good: should the last
 * one be revoked, nobody gets in instead of everybody.
 */
export function createKeyPolicy(
  { auth, host }: Pick<ApiConfig, 'auth' | 'host'>,
  { apiKeys }: Pick<Database, 'apiKeys'>,
): () => Promise<Policy> {
  return async () => {
    if (auth === 'off') return 'everybody';
    if (auth === 'required' || !isLoopback(host)) return 'keys';
    return (await apiKeys.anyExists({ maxAgeMs: RECHECK_MS })) ? 'keys' : 'this-machine';
  };
}
