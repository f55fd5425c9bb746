import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface Migration {
  /** The folder's name, and the migration's in `_prisma_migrations`. */
  readonly name: string;
  readonly sql: string;
  /** sha256 of migration.sql in hex, as Prisma computes it. */
  readonly checksum: string;
}

/** prisma/migrations of this repository. */
export const migrationsFolder = fileURLToPath(
  new URL('../../../../prisma/migrations', import.meta.url),
);

/** The migrations in the order they apply. */
export async function readMigrations(folder: string): Promise<Migration[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  return Promise.all(
    names.sort().map(async (name) => {
      const sql = await readFile(join(folder, name, 'migration.sql'), 'utf8');
      return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') };
    }),
  );
}
