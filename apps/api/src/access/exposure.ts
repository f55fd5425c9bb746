import { LayersenseError } from '@layersense/contracts';
import type { Database } from '@layersense/database';
import type { Logger } from 'pino';
import type { ApiConfig } from '../config.js';
import { isLoopback } from './loopback.js';

/**
 * Refuses to listen where others could call the service and no key exists that they would need.
 * A database that does not answer is no reason to refuse: beyond loopback every request needs a
 * key in any case, and none is accepted until the database can be asked.
 *
 * @throws LayersenseError `exposure_refused`
 */
export async function assertMayListen(
  { auth, host }: Pick<ApiConfig, 'auth' | 'host'>,
  database: Database,
  logger: Logger,
): Promise<void> {
  if (isLoopback(host)) return;
  if (auth === 'off') {
    logger.warn({ host }, 'AUTH=off: whoever reaches this address may do everything');
    return;
  }
  const hasKeys = await database.apiKeys.anyExists().catch(() => undefined);
  if (hasKeys !== false) return;
  if (auth === 'required') {
    logger.warn('no API key exists yet; create one with `layersense keys create NAME`');
    return;
  }
  throw new LayersenseError(
    'exposure_refused',
    `No API key exists, and ${host} can be reached from other machines. Create a key with \`layersense keys create NAME\` (with the same DATABASE_URL or --data-folder), or listen on 127.0.0.1. AUTH=required starts without a key and refuses every request until there is one; AUTH=off lets everybody in.`,
    { host },
  );
}
