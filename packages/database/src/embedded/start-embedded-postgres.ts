import { readFile, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import {
  type Cluster,
  isCluster,
  openCluster,
  runAs,
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
  const cluster = await openCluster(resolve(folder));
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
  if (await isCluster(join(folder, 'cluster')))
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
  ];
  const flags = ['start', '-D', cluster.data, '-l', cluster.log, '-w', '-t', String(WAIT_SECONDS)];
  const started = await runAs(cluster.account, cluster.binaries.pgCtl, [
    ...flags,
    '-o',
    settings.join(' '),
  ]);
  if (started.code === 0) return undefined;
  const log = await readFile(cluster.log).catch(() => Buffer.alloc(0));
  return `${started.output}\n${log.subarray(before).toString()}`;
}

async function stopServer(cluster: Cluster): Promise<void> {
  const flags = ['stop', '-D', cluster.data, '-m', 'fast', '-w', '-t', String(WAIT_SECONDS)];
  const { code, output } = await runAs(cluster.account, cluster.binaries.pgCtl, flags);
  const gone = /is not running|does not exist|No such process/.test(output);
  if (code !== 0 && !gone) throw serverError('The bundled PostgreSQL did not stop', output);
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
