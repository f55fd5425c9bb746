import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readPostmasterFile } from './postmaster-file.js';
import { startEmbeddedPostgres, stopEmbeddedPostgres } from './start-embedded-postgres.js';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'layersense-embedded-'));
});
afterEach(async () => {
  await stopEmbeddedPostgres(folder);
  await rm(folder, { recursive: true, force: true });
});

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  const { rows } = await client.query(sql).finally(() => client.end());
  return rows;
}

it('starts, keeps its data over a restart, and stops', async () => {
  const first = await startEmbeddedPostgres({ folder });
  expect(new URL(first.url).hostname).toBe('127.0.0.1');
  await query(first.url, 'CREATE TABLE kept AS SELECT 42 AS x');
  await first.stop();
  await expect(query(first.url, 'SELECT 1')).rejects.toThrow('ECONNREFUSED');
  await first.stop();

  const second = await startEmbeddedPostgres({ folder });
  expect(await query(second.url, 'SELECT x FROM kept')).toEqual([{ x: 42 }]);
});

it('is set up for this service', async () => {
  const { url } = await startEmbeddedPostgres({ folder });
  const [settings] = await query(
    url,
    `SELECT pg_encoding_to_char(encoding) AS encoding, datcollate AS collate,
       current_setting('max_connections') AS connections,
       current_setting('listen_addresses') AS addresses
     FROM pg_database WHERE datname = current_database()`,
  );
  expect(settings).toEqual({
    encoding: 'UTF8',
    collate: 'C',
    connections: '200',
    addresses: '127.0.0.1',
  });
});

it('asks for a password of its own, which only the owner can read', async () => {
  const { url } = await startEmbeddedPostgres({ folder });
  const wrong = Object.assign(new URL(url), { password: 'password' });
  await expect(query(wrong.href, 'SELECT 1')).rejects.toThrow('password authentication failed');
  const file = join(folder, 'cluster', 'password');
  expect((await readFile(file, 'utf8')).trim()).toBe(new URL(url).password);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
});

it('is one server however many start it at once', async () => {
  const servers = await Promise.all([1, 2, 3].map(() => startEmbeddedPostgres({ folder })));
  expect(new Set(servers.map(({ url }) => url)).size).toBe(1);
  expect(servers.filter(({ reused }) => !reused).length).toBeGreaterThanOrEqual(1);
  expect((await readdir(folder)).filter((name) => name.startsWith('cluster'))).toEqual(['cluster']);
});

it('is not stopped by a process that only joined it', async () => {
  const owner = await startEmbeddedPostgres({ folder });
  const guest = await startEmbeddedPostgres({ folder });
  expect(guest).toMatchObject({ url: owner.url, reused: true });
  await guest.stop();
  expect(await query(owner.url, 'SELECT 1 AS x')).toEqual([{ x: 1 }]);
});

it('outlives a killed parent, and the next process takes it over', async () => {
  const script = `
    const { startEmbeddedPostgres } = await import(process.argv[1]);
    const { url } = await startEmbeddedPostgres({ folder: process.argv[2] });
    process.send(url);
    setInterval(() => undefined, 1000);`;
  const module = new URL('../../dist/embedded/start-embedded-postgres.js', import.meta.url).href;
  const parent = spawn(
    process.execPath,
    ['--input-type=module', '--eval', script, module, folder],
    { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] },
  );
  const [url] = await once(parent, 'message');
  parent.kill('SIGKILL');
  await once(parent, 'exit');

  const next = await startEmbeddedPostgres({ folder });
  expect(next).toMatchObject({ url, reused: false });
  await next.stop();
  await expect(query(next.url, 'SELECT 1')).rejects.toThrow('ECONNREFUSED');
});

it('recovers what was committed before the server was killed', async () => {
  const { url } = await startEmbeddedPostgres({ folder });
  await query(url, 'CREATE TABLE kept AS SELECT 42 AS x');
  const pid = (await readPostmasterFile(join(folder, 'cluster', 'data')))?.pid ?? 0;
  process.kill(pid, 'SIGKILL');
  const next = await startEmbeddedPostgres({ folder });
  expect(await query(next.url, 'SELECT x FROM kept')).toEqual([{ x: 42 }]);
});

it('shows what the server said when it does not start', async () => {
  const { stop } = await startEmbeddedPostgres({ folder });
  await stop();
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const address = taken.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  await expect(startEmbeddedPostgres({ folder, port })).rejects.toMatchObject({
    code: 'database_unavailable',
    message: expect.stringContaining('Address already in use'),
  });
  taken.close();
});

it('serves data whose path its account cannot pass and a shell would misread', async () => {
  const home = join(folder, 'a "b" $(exit 1) \\ \'c\' ü');
  await mkdir(home, { mode: 0o700 });
  // A path of more than 1023 bytes is too long for PostgreSQL itself.
  const inner = join(home, ...Array.from({ length: 5 }, () => 'x'.repeat(250)), '.layersense');
  const { url, stop } = await startEmbeddedPostgres({ folder: inner });
  expect(await query(url, "SELECT current_setting('layersense.folder') AS folder")).toEqual([
    { folder: inner },
  ]);
  await stop();
  expect((await readdir(inner)).sort()).toEqual(['cluster', 'owner.pid']);
});

it('says what keeps the data from being in a folder', async () => {
  const file = join(folder, 'file');
  await writeFile(file, '');
  await expect(startEmbeddedPostgres({ folder: join(file, 'inner') })).rejects.toMatchObject({
    code: 'database_unavailable',
    message: expect.stringMatching(/cannot keep its data in .*inner \(ENOTDIR.*--data-folder/),
  });
});

it('has nothing to stop where nothing was started', async () => {
  await stopEmbeddedPostgres(folder);
  expect(await readdir(folder)).toEqual([]);
});
