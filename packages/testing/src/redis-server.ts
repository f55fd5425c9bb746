import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createConnection, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const START_TIMEOUT_MS = 10_000;

export interface RedisServer {
  url: string;
  /** Ends the server and removes its folder. */
  stop(): Promise<void>;
}

/** Whether the Redis half of a test suite can run. Says so on standard error when it cannot. */
export function redisServerAvailable(): boolean {
  try {
    execFileSync('redis-server', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    process.stderr.write(
      '\nSKIPPED: every test on Redis, because no redis-server binary is on PATH ' +
        '(apt-get install redis-server).\n\n',
    );
    return false;
  }
}

/** A Redis of one's own on a free port of 127.0.0.1 that stores nothing. `port` restarts one. */
export async function startRedisServer(port?: number): Promise<RedisServer> {
  const folder = await mkdtemp(join(tmpdir(), 'layersense-redis-'));
  const chosen = port ?? (await freePort());
  const server = spawn(
    'redis-server',
    ['--bind', '127.0.0.1', '--port', String(chosen), '--save', '', '--dir', folder],
    { stdio: 'ignore' },
  );
  const stop = async () => {
    await ended(server);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await answering(server, chosen);
  } catch (error) {
    await stop();
    throw error;
  }
  return { url: `redis://127.0.0.1:${chosen}`, stop };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const address = server.address();
  await new Promise((closed) => server.close(closed));
  if (address === null || typeof address === 'string') throw new Error('no TCP port was given');
  return address.port;
}

async function answering(server: ChildProcess, port: number): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (Date.now() < deadline) {
    if (server.exitCode !== null) throw new Error(`redis-server exited with ${server.exitCode}`);
    if (await accepts(port)) return;
    await sleep(20);
  }
  throw new Error(`redis-server did not answer on port ${port}`);
}

function accepts(port: number): Promise<boolean> {
  return new Promise((answer) => {
    const socket = createConnection({ host: '127.0.0.1', port });
    socket.once('connect', () => {
      socket.destroy();
      answer(true);
    });
    socket.once('error', () => answer(false));
  });
}

async function ended(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const exit = new Promise((exited) => server.once('exit', exited));
  server.kill('SIGKILL');
  await exit;
}
