import { randomUUID } from 'node:crypto';
import { type RedisServer, redisServerAvailable, startRedisServer } from '@layersense/testing';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { buildApp } from '../app.js';
import type { App } from '../app-context.js';
import { loadConfig } from '../config.js';
import { createLogger } from '../logger.js';
import { startApi } from '../start-api.js';
import { type TestApp, testApp } from '../test-support/test-app.js';

describe.skipIf(!redisServerAvailable())('the rate limit on Redis', () => {
  let redis: RedisServer;
  let test: TestApp;
  const replicas: App[] = [];
  const warnings: string[] = [];
  beforeAll(async () => {
    redis = await startRedisServer();
    test = await testApp({ auth: 'off', rateLimitPerMinute: 3 });
  });
  afterEach(async () => {
    for (const replica of replicas.splice(0)) await replica.close();
    warnings.length = 0;
  });
  afterAll(async () => {
    await test.close();
    await redis.stop();
  });

  /** Another API process of the service that has the prefix. */
  async function replicaOf(namespace: string): Promise<App> {
    const logger = createLogger('warn', { write: (line) => void warnings.push(line) });
    const counters = { url: redis.url, namespace };
    const app = await buildApp({ ...test.dependencies, logger, counters });
    replicas.push(app);
    return app;
  }
  const newNamespace = () => `test_${randomUUID().replaceAll('-', '_')}`;
  const statusOf = async (app: App) => (await app.inject('/jobs')).statusCode;

  it('is one for all replicas of a service, and another for another service', async () => {
    const namespace = newNamespace();
    const [one, two] = [await replicaOf(namespace), await replicaOf(namespace)];
    expect((await one.inject('/jobs')).headers['ratelimit-remaining']).toBe('2');
    expect((await two.inject('/jobs')).headers['ratelimit-remaining']).toBe('1');
    expect(await statusOf(one)).toBe(200);
    const refused = await two.inject('/jobs');
    expect(refused.statusCode).toBe(429);
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    expect(await statusOf(one)).toBe(429);
    expect(await statusOf(await replicaOf(newNamespace()))).toBe(200);
    expect(warnings).toEqual([]);
  });

  it('is none while Redis is away, of which the log warns once', async () => {
    const app = await replicaOf(newNamespace());
    for (let n = 0; n < 4; n++) await statusOf(app);
    expect(await statusOf(app)).toBe(429);
    await redis.stop();
    for (let n = 0; n < 5; n++) expect(await statusOf(app)).toBe(200);
    expect(warnings.filter((line) => line.includes('no rate limit'))).toHaveLength(1);
    redis = await startRedisServer(Number(new URL(redis.url).port));
    await expect
      .poll(async () => (await app.inject('/jobs')).headers['ratelimit-limit'], {
        timeout: 300_000,
      })
      .toBe('3');
  });

  it('waits for a silent Redis with one request at a time', async () => {
    const app = await replicaOf(newNamespace());
    expect(await statusOf(app)).toBe(200);
    const client = new Redis(redis.url);
    await client.client('PAUSE', 60_000, 'ALL');
    expect(await statusOf(app)).toBe(200);
    const first = statusOf(app).then(() => 'the one that asks');
    const others = Promise.all([statusOf(app), statusOf(app)]).then(() => 'the others');
    expect(await Promise.race([first, others])).toBe('the others');
    await first;
    client.disconnect();
    await redis.stop();
    redis = await startRedisServer();
  });

  it('is that of the queue that an API process is configured with', async () => {
    const config = loadConfig({
      DATABASE_URL: test.databaseUrl,
      QUEUE_URL: redis.url,
      QUEUE_NAMESPACE: newNamespace(),
      PORT: '0',
      AUTH: 'off',
      RATE_LIMIT_PER_MINUTE: '1',
    });
    const logger = createLogger('silent');
    const processes = [await startApi(config, logger), await startApi(config, logger)];
    const answers: number[] = [];
    for (const { url } of processes) answers.push((await fetch(`${url}/jobs`)).status);
    for (const { stop } of processes) await stop();
    expect(answers).toEqual([200, 429]);
  });

  it('does not keep an API process from starting without Redis', async () => {
    const { url, stop } = await startRedisServer();
    await stop();
    const counters = { url, namespace: newNamespace() };
    const app = await buildApp({ ...test.dependencies, counters });
    replicas.push(app);
    expect(await statusOf(app)).toBe(200);
  });
});
