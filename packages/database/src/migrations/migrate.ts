import { randomUUID } from 'node:crypto';
import { LayersenseError } from '@layersense/contracts';
import { Client, type ClientBase, Pool } from 'pg';
import { toDatabaseError } from '../database-error.js';
import { type Migration, migrationsFolder, readMigrations } from './migrations-folder.js';

/** The advisory lock of `prisma migrate`, so that the two exclude each other. */
const PRISMA_LOCK = 72707369;

/** Prisma's own table, so that `prisma migrate deploy` agrees about what is applied. */
const CREATE_TABLE = `
  CREATE TABLE IF NOT EXISTS _prisma_migrations (
    id                  VARCHAR(36) PRIMARY KEY NOT NULL,
    checksum            VARCHAR(64) NOT NULL,
    finished_at         TIMESTAMPTZ,
    migration_name      VARCHAR(255) NOT NULL,
    logs                TEXT,
    rolled_back_at      TIMESTAMPTZ,
    started_at          TIMESTAMPTZ NOT NULL DEFAULT now(),
    applied_steps_count INTEGER NOT NULL DEFAULT 0
  )`;

interface AppliedMigration {
  readonly migration_name: string;
  readonly checksum: string;
  readonly finished_at: Date | null;
}

/**
 * Applies the migrations the database lacks, each in a transaction of its own, and returns their
 * names. Any number of processes may do this at once: one works and the others find it done.
 *
 * @throws migration_refused when a migration was edited after it was applied, when another tool
 *   left one half applied, or when one fails (it then leaves nothing behind)
 * @throws database_unavailable
 */
export async function migrate(
  database: string | Pool,
  folder: string = migrationsFolder,
): Promise<string[]> {
  const migrations = await readMigrations(folder);
  return withConnection(database, async (client) => {
    await client.query('SELECT pg_advisory_lock($1)', [PRISMA_LOCK]);
    try {
      await client.query(CREATE_TABLE);
      const pending = pendingOf(migrations, await readApplied(client));
      for (const migration of pending) await apply(client, migration);
      return pending.map(({ name }) => name);
    } finally {
      // Fails only when the connection is gone, and the lock with it.
      await client.query('SELECT pg_advisory_unlock($1)', [PRISMA_LOCK]).catch(() => undefined);
    }
  });
}

/**
 * The names of the migrations the database lacks.
 *
 * @throws migration_refused as migrate does
 */
export async function findPendingMigrations(
  database: string | Pool,
  folder: string = migrationsFolder,
): Promise<string[]> {
  const migrations = await readMigrations(folder);
  return withConnection(database, async (client) => {
    const { rows } = await client.query(
      "SELECT to_regclass('_prisma_migrations') IS NOT NULL AS known",
    );
    const applied = rows[0]?.known ? await readApplied(client) : [];
    return pendingOf(migrations, applied).map(({ name }) => name);
  });
}

async function readApplied(client: ClientBase): Promise<AppliedMigration[]> {
  const { rows } = await client.query<AppliedMigration>(
    'SELECT migration_name, checksum, finished_at FROM _prisma_migrations WHERE rolled_back_at IS NULL',
  );
  return rows;
}

/** Applied migrations that the folder lacks are of a newer release and no reason to stop. */
function pendingOf(
  migrations: readonly Migration[],
  applied: readonly AppliedMigration[],
): Migration[] {
  const rows = new Map(applied.map((row) => [row.migration_name, row]));
  return migrations.filter(({ name, checksum }) => {
    const row = rows.get(name);
    if (row === undefined) return true;
    if (row.finished_at === null) {
      throw refused(
        name,
        `Migration ${name} was begun by another tool and never finished. Repair the database and record it with 'prisma migrate resolve'.`,
      );
    }
    if (row.checksum !== checksum) {
      throw refused(
        name,
        `Migration ${name} was changed after it was applied. Restore prisma/migrations/${name}/migration.sql and put the change into a new migration.`,
      );
    }
    return false;
  });
}

async function apply(client: ClientBase, { name, sql, checksum }: Migration): Promise<void> {
  const startedAt = new Date();
  await client.query('BEGIN');
  try {
    await client.query(sql);
    await client.query(
      `INSERT INTO _prisma_migrations
         (id, checksum, migration_name, started_at, finished_at, applied_steps_count)
       VALUES ($1, $2, $3, $4, clock_timestamp(), 1)`,
      [randomUUID(), checksum, name, startedAt],
    );
    await client.query('COMMIT');
  } catch (error) {
    try {
      await client.query('ROLLBACK');
    } catch {
      // The connection is lost, and the server undoes the transaction on its own.
      throw error;
    }
    const reason = error instanceof Error ? error.message : String(error);
    throw refused(name, `Migration ${name} failed and was undone: ${reason}`, error);
  }
}

function refused(migration: string, message: string, cause?: unknown): LayersenseError {
  return new LayersenseError('migration_refused', message, { migration }, { cause });
}

async function withConnection<Result>(
  database: string | Pool,
  work: (client: ClientBase) => Promise<Result>,
): Promise<Result> {
  try {
    if (database instanceof Pool) {
      const client = await database.connect();
      return await work(client).finally(() => client.release());
    }
    const client = new Client({ connectionString: database, connectionTimeoutMillis: 10_000 });
    // The query under way rejects too; without a listener a lost connection ends the process.
    client.on('error', () => undefined);
    await client.connect();
    return await work(client).finally(() => client.end());
  } catch (error) {
    throw toDatabaseError(error);
  }
}
