import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  connectDatabase,
  createDatabase,
  migrate,
  startEmbeddedPostgres,
} from '@layersense/database';
import { createJobQueue } from '@layersense/queue';
import { redisServerAvailable, startRedisServer } from '@layersense/testing';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { buildApp } from './app.js';
import { testApp } from './test-support/test-app.js';
import { testConfig } from './test-support/test-config.js';

const request = {
  method: 'POST',
  url: '/jobs',
  payload: { model: 'org/tiny', method: 'magnitude' },
} as const;

describe('with the database stopped', () => {
  it('answers 503, and recovers with it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'layersense-outage-'));
    const server = await startEmbeddedPostgres({ folder });
    const { url } = await createDatabase(server.url, 'outage');
    const database = connectDatabase(url);
    const queue = createJobQueue({ url, onError: () => undefined });
    const app = await buildApp({
      database,
      queue,
      logger: pino({ level: 'silent' }),
      config: testConfig(),
    });

    const unmigrated = await app.inject('/readyz');
    expect(unmigrated.statusCode).toBe(503);
    expect(unmigrated.json().detail).toContain('migrat');
    await migrate(url);
    expect((await app.inject('/readyz')).statusCode).toBe(200);

    await server.stop();
    for (const call of [request, '/jobs', '/scores', '/readyz']) {
      const response = await app.inject(call);
      expect(response.statusCode).toBe(503);
      expect(response.json().code).toMatch(/^(database|queue)_unavailable$/);
      expect(Number(response.headers['retry-after'])).toBeGreaterThan(0);
    }
    expect((await app.inject('/healthz')).statusCode).toBe(200);

    const port = Number(new URL(server.url).port);
    const restarted = await startEmbeddedPostgres({ folder, port });
    expect((await app.inject('/readyz')).statusCode).toBe(200);
    expect((await app.inject(request)).statusCode).toBe(202);

    await app.close();
    await queue.close();
    await database.close();
    await restarted.stop();
    await rm(folder, { recursive: true, force: true });
  });
});

describe.skipIf(!redisServerAvailable())('with Redis stopped', () => {
  it('stores no job that it refuses, and recovers with it', async () => {
    const redis = await startRedisServer();
    const test = await testApp({ queueUrl: redis.url });
    const jobs = async () => (await test.app.inject('/jobs')).json().data.length;

    expect((await test.app.inject(request)).statusCode).toBe(202);
    expect(await jobs()).toBe(1);
    await redis.stop();
    const refused = await test.app.inject(request);
    expect(refused.statusCode).toBe(503);
    expect(refused.json().code).toBe('queue_unavailable');
    expect(refused.headers['retry-after']).toBeDefined();
    expect((await test.app.inject('/readyz')).json().code).toBe('queue_unavailable');
    expect(await jobs()).toBe(1);

    const restarted = await startRedisServer(Number(new URL(redis.url).port));
    await expect
      .poll(async () => (await test.app.inject(request)).statusCode, { timeout: 300_000 })
      .toBe(202);
    expect(await jobs()).toBe(2);
    await test.close();
    await restarted.stop();
  });
});
