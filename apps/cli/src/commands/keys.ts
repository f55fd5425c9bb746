import { Command, Option } from '@commander-js/extra-typings';
import { type ApiKey, type Scope, scopes } from '@layersense/contracts';
import type { Database } from '@layersense/database';
import { columns } from '@layersense/report-formats';
import type { CommandContext, DescribeCommand } from '../command-line/context.js';
import { examples } from '../command-line/help-layout.js';
import { repeatedChoice, wholeNumber } from '../command-line/values.js';
import { dataFolderOption } from '../service-options.js';
import { UsageError } from '../usage-error.js';

const DEFAULT_SCOPES: readonly Scope[] = ['jobs:read', 'jobs:write', 'scores:read'];
const DAY_MS = 86_400_000;
const MOST_DAYS = 36_500;

const storage = dataFolderOption(
  'of layersense serve: where its PostgreSQL keeps its data; not used when DATABASE_URL is set',
);

/** `layersense keys`: who may use the API. */
export const keys: DescribeCommand = (context) =>
  new Command('keys')
    .description('Make, show and revoke the keys of the API.')
    .usage('COMMAND [options]')
    .addCommand(createKey(context))
    .addCommand(listKeys(context))
    .addCommand(revokeKey(context));

/** The key alone goes to standard output, so that a script can keep it. */
const createKey = (context: CommandContext) =>
  new Command('create')
    .description(
      'Make an API key and show it, once: only its hash is stored. From the first key on, every request needs one.',
    )
    .argument('<NAME>', 'who or what it is for')
    .addOption(
      new Option('--scope <SCOPE>', `what the key may do: ${scopes.join(', ')}. May be repeated`)
        .argParser(repeatedChoice(scopes))
        .default(undefined, DEFAULT_SCOPES.join(', '))
        .helpGroup('Key:'),
    )
    .addOption(
      new Option('--expires-in <DAYS>', 'days until it stops working; never by default')
        .argParser(wholeNumber({ from: 1, to: MOST_DAYS }))
        .helpGroup('Key:'),
    )
    .addOption(storage)
    .addHelpText(
      'after',
      examples(
        {
          line: 'layersense keys create ci --expires-in 90',
          what: 'submits jobs and reads scores',
        },
        {
          line: 'layersense keys create prometheus --scope metrics:read',
          what: 'reads /metrics and nothing else',
        },
      ),
    )
    .action(async (text, { scope = DEFAULT_SCOPES, expiresIn, dataFolder }) => {
      const request = { name: checkedName(text), scopes: scope, expiresAt: expiry(expiresIn) };
      const { key, stored } = await withKeys(context, { dataFolder, create: true }, (apiKeys) =>
        apiKeys.create(request),
      );
      process.stderr.write(
        `${stored.prefix} (${stored.name}) may ${stored.scopes.join(', ')} and ends ${stored.expires_at ?? 'never'}.\n` +
          'This is the only time that it is shown:\n',
      );
      process.stdout.write(`${key}\n`);
    });

const listKeys = (context: CommandContext) =>
  new Command('list')
    .description('Show the API keys, newest first, without their secrets.')
    .addOption(storage)
    .action(async ({ dataFolder }) => {
      const all = await withKeys(context, { dataFolder, create: false }, (apiKeys) =>
        apiKeys.list(),
      );
      if (all.length === 0) process.stderr.write('There are no API keys.\n');
      else process.stdout.write(keyTable(all));
    });

const revokeKey = (context: CommandContext) =>
  new Command('revoke')
    .description('Make an API key stop working, for good and within seconds.')
    .argument('<PREFIX>', 'what keys list shows, for example ls_4fGh2KpQ')
    .addOption(storage)
    .action(async (text, { dataFolder }) => {
      // Whoever has the whole key may paste it: the part that names it is the beginning.
      const prefix = text.split('_').slice(0, 2).join('_');
      const key = await withKeys(context, { dataFolder, create: false }, (apiKeys) =>
        apiKeys.revoke(prefix),
      );
      process.stdout.write(`${key.prefix} (${key.name}) is revoked.\n`);
    });

async function withKeys<Result>(
  context: CommandContext,
  options: { readonly dataFolder: string; readonly create: boolean },
  work: (apiKeys: Database['apiKeys']) => Promise<Result>,
): Promise<Result> {
  const { environment } = context.config();
  const { withServiceDatabase } = await import('../service-database.js');
  return await withServiceDatabase({ ...options, environment }, ({ apiKeys }) => work(apiKeys));
}

/** The name goes into tables and logs. */
function checkedName(name: string): string {
  if (/^[\p{L}\p{N}\p{P}\p{S} ]{1,100}$/u.test(name)) return name;
  throw new UsageError('NAME must be 1 to 100 characters that can be printed.');
}

const expiry = (days: number | undefined): Date | undefined =>
  days === undefined ? undefined : new Date(Date.now() + days * DAY_MS);

function keyTable(keys: readonly ApiKey[]): string {
  const header = ['prefix', 'name', 'state', 'last used', 'scopes'].map((title) => ({ title }));
  const rows = keys.map((key) => [
    key.prefix,
    key.name,
    stateOf(key),
    key.last_used_at?.slice(0, 16).replace('T', ' ') ?? 'never',
    key.scopes.join(' '),
  ]);
  return `${columns(header, rows).join('\n')}\n`;
}

function stateOf({ revoked_at, expires_at }: ApiKey): string {
  if (revoked_at !== null) return `revoked ${revoked_at.slice(0, 10)}`;
  if (expires_at === null) return 'active';
  const day = expires_at.slice(0, 10);
  return Date.parse(expires_at) <= Date.now() ? `expired ${day}` : `until ${day}`;
}
