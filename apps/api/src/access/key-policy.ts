import type { Database } from '@layersense/database';
import type { ApiConfig } from '../config.js';
import { isLoopback } from './loopback.js';

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
  let hasKeys = false;
  let checkedAt = Number.NEGATIVE_INFINITY;
  return async () => {
    if (auth === 'off') return 'everybody';
    if (auth === 'required' || !isLoopback(host)) return 'keys';
    if (!hasKeys && performance.now() - checkedAt > RECHECK_MS) {
      hasKeys = await apiKeys.anyExists();
      checkedAt = performance.now();
    }
    return hasKeys ? 'keys' : 'this-machine';
  };
}
