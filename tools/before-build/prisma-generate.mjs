/**
 * Generates the Prisma client without a network.
 *
 * `prisma generate` wants to download its schema engine but never runs it, so any executable will
 * do as a stand-in. The stand-in must never reach another command: with it `prisma migrate deploy`
 * exits 0 having done nothing. Hence this script, and no variable in an .env or a Dockerfile.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const output = join(root, 'packages/database/src/generated/prisma');
const stamp = join(output, '.schema-sha256');

const manifest = createRequire(import.meta.url).resolve('prisma/package.json');
const { version, bin } = JSON.parse(readFileSync(manifest, 'utf8'));

const schema = readFileSync(join(root, 'prisma/schema.prisma'));
const hash = createHash('sha256').update(schema).update(version).digest('hex');

if (existsSync(stamp) && readFileSync(stamp, 'utf8') === hash) process.exit(0);

rmSync(output, { recursive: true, force: true });
const { status, error, stdout, stderr } = spawnSync(
  process.execPath,
  [join(dirname(manifest), bin.prisma), 'generate', '--no-hints'],
  {
    cwd: root,
    encoding: 'utf8',
    env: {
      ...process.env,
      PRISMA_SCHEMA_ENGINE_BINARY: process.execPath,
      CHECKPOINT_DISABLE: '1',
      // Prisma's loader of TypeScript would leave what it compiled among the temporary files.
      JITI_FS_CACHE: 'false',
    },
  },
);
if (status !== 0) {
  console.error(error ?? `${stdout}${stderr}`);
  process.exit(1);
}
writeFileSync(stamp, hash);
