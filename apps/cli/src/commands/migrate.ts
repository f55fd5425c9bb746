import { setTimeout as sleep } from 'node:timers/promises';
import { LayersenseError } from '@layersense/contracts';
import { migrate as applyMigrations } from '@layersense/database';
import { parseArguments } from '../arguments.js';
import type { CliConfig } from '../config.js';
import { requiredDatabaseUrl } from '../database-url.js';
import { UsageError } from '../usage-error.js';
import { migrateSyntax } from './migrate-syntax.js';

const RETRY_MS = 1000;

/** `layersense migrate`: a step of a deployment, which ends. */
export async function migrate(args: readonly string[], config: CliConfig): Promise<number> {
  const { wait = 60 } = parseArguments(migrateSyntax, args).flags;
  if (wait < 0 || wait > 3600) {
    throw new UsageError(`--wait must be from 0 to 3600 seconds, not ${wait}.`);
  }
  const url = requiredDatabaseUrl(config);
  const applied = await untilReachable(() => applyMigrations(url), wait);
  process.stdout.write(
    applied.length === 0
      ? 'The database has every migration.\n'
      : applied.map((name) => `applied ${name}\n`).join(''),
  );
  return 0;
}

/** A database that starts beside us answers late; what it refuses once it would refuse again. */
async function untilReachable<T>(attempt: () => Promise<T>, seconds: number): Promise<T> {
  const end = Date.now() + seconds * 1000;
  for (let said = false; ; said = true) {
    try {
      return await attempt();
    } catch (error) {
      const away = error instanceof LayersenseError && error.code === 'database_unavailable';
      if (!away || Date.now() + RETRY_MS > end) throw error;
      if (!said) process.stderr.write(`Waiting up to ${seconds} s for the database …\n`);
      await sleep(RETRY_MS);
    }
  }
}
