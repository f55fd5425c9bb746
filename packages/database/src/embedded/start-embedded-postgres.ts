import { readFile, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { removeCopies } from './binaries-copy.js';
import {
  type Cluster,
  isCluster,
  openCluster,
  runInData,
  SERVER_USER,
  serverError,
} from './cluster.js';
import { readPostmasterFile } from './postmaster-file.js';
import { claimServer, isClaimedElsewhere } from './server-owner.js';

export interface EmbeddedPostgresOptions {
  /** Holds the data, the password and the log; made when missing. */
  readonly folder: string;
  /** Any free port when absent. */
  readonly port?: number;
}

export interface EmbeddedPostgres {
  readonly url: string;
  /** Whether the server already ran: then it belongs to the process that started it. */
  readonly reused: boolean;
  /** Ends all connections and the server; does nothing to a server of another live process. */
  stop(): Promise<void>;
}

const WAIT_SECONDS = 60;
const RETRY_MS = 300;

/**
 * Starts the bundled PostgreSQL on 127.0.0.1, or joins the one that already runs on `folder`.
 *
 * The server is no child of this process. If this process is killed the server lives on, and the
 * next call on the same folder takes it over; if the server is killed the next call recovers it.
 *
 * @throws database_unavailable with the end of the server's log
 */
export async function startEmbeddedPostgres({
  folder,
  port,
}: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  try {
    return await startOrJoin(await openCluster(resolve(folder)), port);
  } catch (error) {
    await removeUnusedCopies(resolve(folder));
    throw error;
  }
}

async function startOrJoin(cluster: Cluster, port: number | undefined): Promise<EmbeddedPostgres> {
  for (const end = Date.now() + WAIT_SECONDS * 1000; ; await sleep(RETRY_MS)) {
    const log = await startServer(cluster, port ?? (await freePort()));
    if (log === undefined) return await takeServer(cluster, false);
    // Somebody else's: it may be starting, answering, or dying of a crash.
    const held = log.includes('"postmaster.pid" already exists');
    if (held && (await answers(cluster))) return await takeServer(cluster, true);
    const dying = log.includes('pre-existing shared memory block');
    const portTaken = port === undefined && log.includes('Address already in use');
    if (Date.now() < end && (held || dying || portTaken)) continue;
    throw serverError(
      held
        ? `A process that is no usable PostgreSQL holds ${join(cluster.data, 'postmaster.pid')}`
        : `The bundled PostgreSQL did not start on ${cluster.folder}`,
      log,
    );
  }
}

/** Stops the server on `folder` whoever started it; nothing happens where none runs. */
export async function stopEmbeddedPostgres(folder: string): Promise<void> {
  const home = join(resolve(folder), 'cluster');
  if (!(await isCluster(home)) || !(await readPostmasterFile(join(home, 'data')))) return;
  await stopServer(await openCluster(resolve(folder)));
}

/** Resolves to undefined when the server is ready, otherwise to why it is not. */
async function startServer(cluster: Cluster, port: number): Promise<string | undefined> {
  const before = await stat(cluster.log).then(
    ({ size }) => size,
    () => 0,
  );
  const settings = [
    `-p ${port}`,
    '-c listen_addresses=127.0.0.1',
    "-c unix_socket_directories=''",
    '-c max_connections=200',
    '-c log_checkpoints=off',
    '-c timezone=UTC',
    // Of no effect: a list of processes shows whose server it is.
    `-c layersense.folder=${quoted(cluster.folder)}`,
  ];
  const started = await runInData(cluster, cluster.binaries.pgCtl, (here) => [
    ...['start', '-D', here, '-l', `${here}/../server.log`, '-w', '-t', String(WAIT_SECONDS)],
    ...['-o', settings.join(' ')],
  ]);
  if (started.code === 0) return undefined;
  const log = await readFile(cluster.log).catch(() => Buffer.alloc(0));
  return `${started.output}\n${log.subarray(before).toString()}`;
}

async function stopServer(cluster: Cluster): Promise<void> {
  // With the server went the copy of its programs, if it ran from one.
  if (!(await readPostmasterFile(cluster.data))) return;
  const { code, output } = await runInData(cluster, cluster.binaries.pgCtl, (here) => [
    ...['stop', '-D', here, '-m', 'fast', '-w', '-t', String(WAIT_SECONDS)],
  ]);
  const gone = /is not running|does not exist|No such process/.test(output);
  if (code !== 0 && !gone) throw serverError('The bundled PostgreSQL did not stop', output);
  await removeUnusedCopies(cluster.folder);
}

/** The copies of the programs last as long as the server that runs from them. */
async function removeUnusedCopies(folder: string): Promise<void> {
  const data = join(folder, 'cluster', 'data');
  if (!(await readPostmasterFile(data))) await removeCopies(folder);
}

/** As one word of a shell: pg_ctl starts the server through one. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

async function takeServer(cluster: Cluster, running: boolean): Promise<EmbeddedPostgres> {
  const port = (await readPostmasterFile(cluster.data))?.port;
  if (port === undefined) throw serverError('The bundled PostgreSQL stopped at once', '');
  const reused = running && (await isClaimedElsewhere(cluster.folder));
  if (!reused) await claimServer(cluster.folder);
  return {
    url: serverUrl(cluster, port),
    reused,
    stop: () => (reused ? Promise.resolve() : stopServer(cluster)),
  };
}

function serverUrl({ password }: Cluster, port: number): string {
  return `postgres://${SERVER_USER}:${password}@127.0.0.1:${port}/postgres`;
}

async function answers(cluster: Cluster): Promise<boolean> {
  const postmaster = await readPostmasterFile(cluster.data);
  if (!postmaster?.ready) return false;
  const client = new Client({
    connectionString: serverUrl(cluster, postmaster.port),
    connectionTimeoutMillis: 5000,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}

function freePort(): Promise<number> {
  return new Promise((resolvePort, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => {
        if (address !== null && typeof address === 'object') resolvePort(address.port);
        else reject(new Error('the probe socket has no port'));
      });
    });
  });
}
