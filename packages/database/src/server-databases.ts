import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { toDatabaseError } from './database-error.js';

export interface CreatedDatabase {
  readonly url: string;
  /** Removes the database, and the connections that are still open. */
  drop(): Promise<void>;
}

/**
 * Creates an empty database of a random name on the server that `serverUrl` leads to. Its account
 * must be allowed to.
 *
 * @throws database_unavailable
 */
export async function createDatabase(serverUrl: string, prefix: string): Promise<CreatedDatabase> {
  const name = `${prefix}_${randomBytes(8).toString('hex')}`;
  await execute(serverUrl, (quote) => `CREATE DATABASE ${quote(name)}`);
  const url = new URL(serverUrl);
  url.pathname = `/${encodeURIComponent(name)}`;
  return {
    url: url.href,
    drop: () =>
      execute(serverUrl, (quote) => `DROP DATABASE IF EXISTS ${quote(name)} WITH (FORCE)`),
  };
}

async function execute(
  serverUrl: string,
  statement: (quote: (name: string) => string) => string,
): Promise<void> {
  const client = new Client({ connectionString: serverUrl, connectionTimeoutMillis: 10_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query(statement((name) => client.escapeIdentifier(name)));
  } catch (error) {
    throw toDatabaseError(error);
  } finally {
    await client.end().catch(() => undefined);
  }
}
