import type { ApiKey, Scope } from '@layersense/contracts';
import { columns } from '@layersense/report-formats';
import { parseArguments } from '../arguments.js';
import type { CliConfig } from '../config.js';
import { withServiceDatabase } from '../service-database.js';
import { UsageError } from '../usage-error.js';
import { createKeySyntax, listKeysSyntax, revokeKeySyntax } from './keys-syntax.js';

const DEFAULT_SCOPES: readonly Scope[] = ['jobs:read', 'jobs:write', 'scores:read'];
const DAY_MS = 86_400_000;
const MOST_DAYS = 36_500;

/** `layersense keys create`: the key alone on standard output, so that a script can keep it. */
export async function createKey(
  args: readonly string[],
  { environment }: CliConfig,
): Promise<number> {
  const { operands, flags } = parseArguments(createKeySyntax, args);
  const name = checkedName(operands[0] ?? '');
  const expiresAt = expiry(flags['expires-in']);
  const scopes = flags.scope.length > 0 ? (flags.scope as readonly Scope[]) : DEFAULT_SCOPES;
  const options = { dataFolder: flags['data-folder'], environment, create: true };
  const { key, stored } = await withServiceDatabase(options, ({ apiKeys }) =>
    apiKeys.create({ name, scopes, expiresAt }),
  );
  process.stderr.write(
    `${stored.prefix} (${stored.name}) may ${stored.scopes.join(', ')} and ends ${stored.expires_at ?? 'never'}.\n` +
      'This is the only time that it is shown:\n',
  );
  process.stdout.write(`${key}\n`);
  return 0;
}

/** `layersense keys list` */
export async function listKeys(
  args: readonly string[],
  { environment }: CliConfig,
): Promise<number> {
  const { flags } = parseArguments(listKeysSyntax, args);
  const options = { dataFolder: flags['data-folder'], environment, create: false };
  const keys = await withServiceDatabase(options, ({ apiKeys }) => apiKeys.list());
  if (keys.length === 0) process.stderr.write('There are no API keys.\n');
  else process.stdout.write(keyTable(keys));
  return 0;
}

/** `layersense keys revoke` */
export async function revokeKey(
  args: readonly string[],
  { environment }: CliConfig,
): Promise<number> {
  const { operands, flags } = parseArguments(revokeKeySyntax, args);
  // Whoever has the whole key may paste it: the part that names it is the beginning.
  const prefix = (operands[0] ?? '').split('_').slice(0, 2).join('_');
  const options = { dataFolder: flags['data-folder'], environment, create: false };
  const key = await withServiceDatabase(options, ({ apiKeys }) => apiKeys.revoke(prefix));
  process.stdout.write(`${key.prefix} (${key.name}) is revoked.\n`);
  return 0;
}

/** The name goes into tables and logs. */
function checkedName(name: string): string {
  if (/^[\p{L}\p{N}\p{P}\p{S} ]{1,100}$/u.test(name)) return name;
  throw new UsageError('NAME must be 1 to 100 characters that can be printed.');
}

function expiry(days: number | undefined): Date | undefined {
  if (days === undefined) return undefined;
  if (days >= 1 && days <= MOST_DAYS) return new Date(Date.now() + days * DAY_MS);
  throw new UsageError(`--expires-in must be from 1 to ${MOST_DAYS} days, not ${days}.`);
}

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
