import { setTimeout as sleep } from 'node:timers/promises';
import { Command, Option } from '@commander-js/extra-typings';
import { LayersenseError } from '@layersense/contracts';
import type { DescribeCommand } from '../command-line/context.js';
import { examples } from '../command-line/help-layout.js';
import { wholeNumber } from '../command-line/values.js';
import { requiredDatabaseUrl } from '../database-url.js';

const RETRY_MS = 1000;

/** `layersense migrate`: a step of a deployment, which ends. */
export const migrate: DescribeCommand = (context) =>
  new Command('migrate')
    .description(
      'Bring the database of DATABASE_URL to the schema of this release, before its API and workers start. Applying nothing is a success, and any number may run at once.',
    )
    .addOption(
      new Option(
        '--wait <SECONDS>',
        'how long to go on trying while the database does not answer; 0 tries once',
      )
        .argParser(wholeNumber({ from: 0, to: 3600 }))
        .default(60)
        .helpGroup('Database:'),
    )
    .addHelpText(
      'after',
      examples({
        line: 'DATABASE_URL=postgres://… layersense migrate --wait 120',
        what: 'ends with 0 when every migration is applied, 1 when the database stayed away or refused',
      }),
    )
    .action(async ({ wait }) => {
      const url = requiredDatabaseUrl(context.config());
      const { migrate: applyMigrations } = await import('@layersense/database');
      const applied = await untilReachable(() => applyMigrations(url), wait);
      process.stdout.write(
        applied.length === 0
          ? 'The database has every migration.\n'
          : applied.map((name) => `applied ${name}\n`).join(''),
      );
    });

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
