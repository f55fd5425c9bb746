import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Pool } from 'pg';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { CreatedDatabase } from '../server-databases.js';
import { emptyDatabase } from '../test-support/test-database.js';
import { findPendingMigrations, migrate } from './migrate.js';
import { migrationsFolder } from './migrations-folder.js';

let database: CreatedDatabase;
let pool: Pool;
let folder: string;

beforeEach(async () => {
  database = await emptyDatabase();
  pool = new Pool({ connectionString: database.url });
  pool.on('error', () => undefined);
  folder = await mkdtemp(join(tmpdir(), 'layersense-migrations-'));
  await cp(migrationsFolder, folder, { recursive: true });
});
afterEach(async () => {
  await pool.end();
  await database.drop();
  await rm(folder, { recursive: true });
});

async function addMigration(name: string, sql: string): Promise<void> {
  await mkdir(join(folder, name), { recursive: true });
  await writeFile(join(folder, name, 'migration.sql'), sql);
}

const rows = async (sql: string) => (await pool.query(sql)).rows;

it('applies once, by address or by pool, and says what it did', async () => {
  expect(await findPendingMigrations(database.url)).toContain('0001_init');
  const applied = await migrate(database.url);
  expect(applied[0]).toBe('0001_init');
  expect(await migrate(pool)).toEqual([]);
  expect(await findPendingMigrations(pool)).toEqual([]);
});

it('writes the rows that Prisma would', async () => {
  await addMigration('0000_first', 'SELECT 1;\n');
  await migrate(pool, folder);
  const [row] = await rows("SELECT * FROM _prisma_migrations WHERE migration_name = '0000_first'");
  expect(row).toMatchObject({
    // printf 'SELECT 1;\n' | sha256sum
    checksum: 'b4e0497804e46e0a0b0b8c31975b062152d551bac49c3c2e80932567b4085dcd',
    logs: null,
    rolled_back_at: null,
    applied_steps_count: 1,
  });
  expect(row.id).toMatch(/^[0-9a-f-]{36}$/);
  expect(row.finished_at.getTime()).toBeGreaterThanOrEqual(row.started_at.getTime());
});

it('runs in many processes at once, and works in one', async () => {
  const runs = await Promise.all(Array.from({ length: 8 }, () => migrate(database.url)));
  expect(runs.filter((applied) => applied.length > 0)).toHaveLength(1);
});

it('applies later migrations in order', async () => {
  await migrate(pool, folder);
  await addMigration('9002_b', 'INSERT INTO extra VALUES (2)');
  await addMigration('9001_a', 'CREATE TABLE extra (x int); INSERT INTO extra VALUES (1)');
  expect(await migrate(pool, folder)).toEqual(['9001_a', '9002_b']);
  expect(await rows('SELECT x FROM extra ORDER BY x')).toEqual([{ x: 1 }, { x: 2 }]);
});

it('refuses a migration that was changed afterwards', async () => {
  await addMigration('9001_a', 'SELECT 1');
  await migrate(pool, folder);
  await addMigration('9001_a', 'SELECT 2');
  await addMigration('9002_b', 'CREATE TABLE extra (x int)');
  const refusal = { code: 'migration_refused', context: { migration: '9001_a' } };
  await expect(migrate(pool, folder)).rejects.toMatchObject(refusal);
  await expect(findPendingMigrations(pool, folder)).rejects.toMatchObject(refusal);
  expect(await rows("SELECT to_regclass('extra') AS extra")).toEqual([{ extra: null }]);
});

it('undoes a migration that fails, and names the reason', async () => {
  await addMigration('9001_a', 'CREATE TABLE extra (x int); INSERT INTO nowhere VALUES (1)');
  await expect(migrate(pool, folder)).rejects.toMatchObject({
    code: 'migration_refused',
    message: expect.stringContaining('"nowhere" does not exist'),
  });
  expect(await rows("SELECT to_regclass('extra') AS extra")).toEqual([{ extra: null }]);
  await addMigration('9001_a', 'CREATE TABLE extra (x int)');
  expect(await migrate(pool, folder)).toEqual(['9001_a']);
});

it('refuses to go on from what another tool left half done', async () => {
  await migrate(pool, folder);
  await pool.query('UPDATE _prisma_migrations SET finished_at = NULL');
  await expect(migrate(pool, folder)).rejects.toMatchObject({ code: 'migration_refused' });
});

it('leaves a newer release alone', async () => {
  await addMigration('9001_a', 'SELECT 1');
  await migrate(pool, folder);
  expect(await migrate(pool)).toEqual([]);
});

it('says when there is no server', async () => {
  const nobody = 'postgres://user:password@127.0.0.1:1/none';
  await expect(migrate(nobody)).rejects.toMatchObject({ code: 'database_unavailable' });
});
