/**
 * node tools/before-build/new-migration.mjs <name>
 *
 * Writes prisma/migrations/<next number>_<name>/migration.sql with what changed in schema.prisma
 * since the newest migration, and records that state in schema.snapshot.prisma. Read the SQL and
 * complete it by hand (check constraints, data) before committing both; never edit it afterwards.
 */
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { diffSchemas } from './diff-schemas.mjs';

const prisma = new URL('../../prisma/', import.meta.url);
const name = process.argv[2];
if (!/^[a-z][a-z0-9_]*$/.test(name ?? '')) {
  console.error('usage: node tools/before-build/new-migration.mjs <name_in_snake_case>');
  process.exit(1);
}

const snapshot = new URL('schema.snapshot.prisma', prisma);
const before = existsSync(snapshot) ? await readFile(snapshot, 'utf8') : '';
const now = await readFile(new URL('schema.prisma', prisma), 'utf8');
const sql = await diffSchemas(before, now);
if (sql === '') {
  console.error('schema.prisma says nothing that the migrations do not: no migration written');
  process.exit(1);
}

const entries = await readdir(new URL('migrations/', prisma), { withFileTypes: true });
const number = entries.filter((entry) => entry.isDirectory()).length + 1;
const folder = `migrations/${String(number).padStart(4, '0')}_${name}/`;
await mkdir(new URL(folder, prisma));
await writeFile(new URL(`${folder}migration.sql`, prisma), sql);
await writeFile(snapshot, now);
console.log(`prisma/${folder}migration.sql`);
