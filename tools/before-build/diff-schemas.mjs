import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

/**
 * The SQL that takes a database from one Prisma schema to another; '' when they are equal.
 *
 * Runs Prisma's schema engine as WebAssembly, because the native one has to be downloaded. Every
 * diff between two schemas is computed in memory: the engine asks its database only for a version.
 *
 * @param {string} from schema text; '' is the empty database
 * @param {string} to schema text
 */
export async function diffSchemas(from, to) {
  const engine = await openEngine(to);
  const { exitCode, stdout } = await engine.diff({
    from: from === '' ? { tag: 'empty' } : datamodel(from),
    to: datamodel(to),
    script: true,
    exitCode: true,
    shadowDatabaseUrl: null,
    filters: { externalTables: [], externalEnums: [] },
  });
  return exitCode === 2 ? stdout : '';
}

/** @param {string} content */
function datamodel(content) {
  return { tag: 'schemaDatamodel', files: [{ path: 'schema.prisma', content }] };
}

/** @param {string} schema */
async function openEngine(schema) {
  const glue = await loadGlue();
  const ignoreLog = () => undefined;
  return await glue.SchemaEngine.new({ datamodels: [['schema.prisma', schema]] }, ignoreLog, {
    provider: 'postgres',
    adapterName: 'offline',
    connect: () => succeed(offlineConnection),
    connectToShadowDb: () => succeed(offlineConnection),
  });
}

/** @type {ReturnType<typeof instantiate> | undefined} */
let loaded;

/**
 * Node cannot import a .wasm file as the package expects, so it is instantiated by hand; once,
 * because the glue keeps views of the memory it met first.
 */
function loadGlue() {
  loaded ??= instantiate();
  return loaded;
}

/**
 * Node.js has it, and the types of Node.js leave it out.
 *
 * @typedef {{ exports: { __wbindgen_start(): void } }} Instance
 * @type {{ instantiate(bytes: Uint8Array, imports: object): Promise<{ instance: Instance }> }}
 */
const webAssembly = Reflect.get(globalThis, 'WebAssembly');

async function instantiate() {
  const home = dirname(createRequire(import.meta.url).resolve('@prisma/schema-engine-wasm'));
  const glue = await import(pathToFileURL(join(home, 'schema_engine_bg.js')).href);
  const { instance } = await webAssembly.instantiate(
    await readFile(join(home, 'schema_engine_bg.wasm')),
    { './schema_engine_bg.js': glue },
  );
  glue.__wbg_set_wasm(instance.exports);
  instance.exports.__wbindgen_start();
  return glue;
}

const refuse = () => Promise.reject(new Error('a diff of two schemas needs no database'));
/** @param {unknown} value */
const succeed = (value) => Promise.resolve({ ok: true, value });

const offlineConnection = {
  provider: 'postgres',
  adapterName: 'offline',
  getConnectionInfo: () => ({
    ok: true,
    value: { schemaName: 'public', supportsRelationJoins: true },
  }),
  // Does the schema exist, and which version is this? 14 is the oldest we support. The column
  // types are ColumnTypeEnum of @prisma/driver-adapter-utils: boolean, text, int32.
  queryRaw: () =>
    succeed({
      columnNames: ['exists', 'version', 'numeric_version'],
      columnTypes: [5, 7, 0],
      rows: [[true, 'PostgreSQL 14.0', 140_000]],
    }),
  executeRaw: refuse,
  executeScript: refuse,
  startTransaction: refuse,
  dispose: () => succeed(undefined),
};
