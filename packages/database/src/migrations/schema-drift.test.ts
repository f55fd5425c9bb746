import { readFile } from 'node:fs/promises';
import { Client } from 'pg';
import { expect, it } from 'vitest';
import { emptyDatabase } from '../test-support/test-database.js';
import { migrate } from './migrate.js';

const root = new URL('../../../../', import.meta.url);
const prisma = new URL('prisma/', root);
const { diffSchemas }: { diffSchemas(from: string, to: string): Promise<string> } = await import(
  new URL('tools/before-build/diff-schemas.mjs', root).href
);
const schema = await readFile(new URL('schema.prisma', prisma), 'utf8');
const snapshot = await readFile(new URL('schema.snapshot.prisma', prisma), 'utf8');

it('sees what changed', async () => {
  const changed = schema.replace('worker_id ', 'claimed_by ');
  expect(await diffSchemas(schema, changed)).toContain('ADD COLUMN     "claimed_by" TEXT');
});

it('finds nothing in schema.prisma that no migration has: else run tools/before-build/new-migration.mjs', async () => {
  expect(await diffSchemas(snapshot, schema)).toBe('');
});

it('finds that the migrations make the tables of the snapshot', async () => {
  const [migrated, generated] = await Promise.all([emptyDatabase(), emptyDatabase()]);
  await migrate(migrated.url);
  await query(generated.url, await diffSchemas('', snapshot));
  expect(await describeTables(migrated.url)).toEqual(await describeTables(generated.url));
  await Promise.all([migrated.drop(), generated.drop()]);
});

/** Columns, indexes and foreign keys. Check constraints are only ours: Prisma has no word for them. */
async function describeTables(url: string): Promise<unknown[]> {
  return await query(
    url,
    `SELECT table_name || '.' || column_name AS name,
       concat_ws(' ', udt_name, is_nullable, column_default, datetime_precision) AS definition
     FROM information_schema.columns
     WHERE table_schema = 'public' AND table_name <> '_prisma_migrations'
     UNION ALL
     SELECT indexname, indexdef FROM pg_indexes
     WHERE schemaname = 'public' AND tablename <> '_prisma_migrations'
     UNION ALL
     SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint
     WHERE connamespace = 'public'::regnamespace AND contype = 'f'
     UNION ALL
     SELECT typname, enumlabel FROM pg_enum JOIN pg_type ON pg_type.oid = enumtypid
     ORDER BY 1, 2`,
  );
}

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}
