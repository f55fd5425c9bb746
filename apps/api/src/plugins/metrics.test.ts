import { prometheusSamples, redisServerAvailable, startRedisServer } from '@layersense/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { type TestApp, testApp } from '../test-support/test-app.js';

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

/** Value of every sample, by its name with labels. */
async function scrape({ app }: TestApp): Promise<Map<string, number>> {
  const response = await app.inject('/metrics');
  expect(response.statusCode).toBe(200);
  expect(response.headers['content-type']).toContain('text/plain; version=0.0.4');
  return prometheusSamples(response.body);
}

for (const backend of ['PostgreSQL', 'Redis']) {
  describe.skipIf(backend === 'Redis' && !redisServerAvailable())(`on ${backend}`, () => {
    async function openApp(): Promise<TestApp> {
      const redis = backend === 'Redis' ? await startRedisServer() : undefined;
      if (redis) cleanups.push(() => redis.stop());
      const opened = await testApp(redis ? { queueUrl: redis.url } : {});
      cleanups.unshift(() => opened.close());
      return opened;
    }

    it('counts jobs, queue entries and requests', async () => {
      const opened = await openApp();
      for (const model of ['org/a', 'org/b']) {
        await opened.app.inject({
          method: 'POST',
          url: '/jobs',
          payload: { model, method: 'magnitude' },
        });
      }
      await opened.app.inject('/jobs/nonsense');
      const samples = await scrape(opened);
      expect(samples.get('layersense_jobs{status="queued"}')).toBe(2);
      expect(samples.get('layersense_jobs{status="failed"}')).toBe(0);
      expect(samples.get('layersense_queue_entries{state="prioritized"}')).toBe(2);
      expect(samples.get('layersense_oldest_queued_job_seconds')).toBeGreaterThan(0);
      const count = 'layersense_http_request_seconds_count';
      expect(samples.get(`${count}{method="POST",route="/jobs",status="202"}`)).toBe(2);
      expect(samples.get(`${count}{method="GET",route="/jobs/:id",status="404"}`)).toBe(1);
    });

    it('shows operators the queue on a page that loads from nowhere else', async () => {
      const { app } = await openApp();
      await app.inject({
        method: 'POST',
        url: '/jobs',
        payload: { model: 'org/a', method: 'magnitude' },
      });
      const page = await app.inject('/admin/queues');
      expect(page.statusCode).toBe(200);
      expect(page.body).toContain('<title>');
      // The page names a font of another host; the policy keeps browsers from asking for it.
      expect(page.headers['content-security-policy']).not.toMatch(/https?:/);
      const queues = await app.inject('/admin/queues/api/queues');
      expect(queues.json()).toMatchObject({
        queues: [{ name: 'sensitivity', readOnlyMode: true, counts: { prioritized: 1 } }],
      });
    });
  });
}

it('leaves out what it cannot read, and says the rest', async () => {
  const opened = await testApp({ queueUrl: 'redis://127.0.0.1:1' });
  cleanups.push(() => opened.close());
  const samples = await scrape(opened);
  expect(samples.get('layersense_jobs{status="queued"}')).toBe(0);
  expect([...samples.keys()].filter((name) => name.startsWith('layersense_queue'))).toEqual([]);
});
