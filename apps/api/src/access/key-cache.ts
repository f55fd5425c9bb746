import { createHash } from 'node:crypto';
import type { ApiKey } from '@layersense/contracts';

/** How long a revoked key may go on working. */
const TTL_MS = 5000;
const MOST_KEYS = 1000;

type FindKey = (text: string) => Promise<ApiKey | undefined>;

/** `find`, asked at most every five seconds about a key that exists. Text that is none is asked anew. */
export function cachedKeys(find: FindKey, now: () => number = () => performance.now()): FindKey {
  const known = new Map<string, { key: ApiKey; until: number }>();
  return async (text) => {
    const hash = createHash('sha256').update(text).digest('base64');
    const entry = known.get(hash);
    if (entry !== undefined && entry.until > now()) return entry.key;
    known.delete(hash);
    const key = await find(text);
    if (key === undefined) return undefined;
    const oldest = known.keys().next();
    if (known.size >= MOST_KEYS && !oldest.done) known.delete(oldest.value);
    known.set(hash, { key, until: now() + TTL_MS });
    return key;
  };
}
