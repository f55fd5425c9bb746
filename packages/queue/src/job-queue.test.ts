import { freshDatabase, redisServerAvailable, startRedisServer } from '@layersense/testing';
import { createPostgresBackend, createRedisBackend, withBackend } from 'bullmq';
import { describe, expect, it } from 'vitest';
import { createJobQueue } from './job-queue.js';
import { SENSITIVITY_QUEUE } from './queue-entries.js';

const backends = [
  {
    backend: 'PostgreSQL',
    available: true,
    start: async () => {
      const { url, drop } = await freshDatabase();
      return { url, stop: drop };
    },
    inspect: (url: string, namespace: string) =>
      new (withBackend(createPostgresBackend).Queue)(SENSITIVITY_QUEUE, {
        connection: { connectionString: url, schema: namespace, max: 1 },
      }),
  },
  {
    backend: 'Redis',
    available: redisServerAvailable(),
    start: () => startRedisServer(),
    inspect: (url: string, namespace: string) =>
      new (withBackend(createRedisBackend).Queue)(SENSITIVITY_QUEUE, {
        connection: { url },
        prefix: namespace,
      }),
  },
];

const job = (id: string, { priority = 0, shards = 1 } = {}) => ({ id, priority, shards });

for (const { backend, available, start, inspect } of backends) {
  describe.skipIf(!available)(`the queue on ${backend}`, () => {
    it('holds a job once, however often it is enqueued', async () => {
      const server = await start();
      const queue = createJobQueue({
        url: server.url,
        namespace: 'mine',
        onError: () => undefined,
      });
      await queue.ping();
      await Promise.all(['job_a', 'job_a', 'job_b'].map((id) => queue.enqueue(job(id))));
      const inside = inspect(server.url, 'mine');
      const waiting = await inside.getPrioritized();
      expect(waiting.map(({ data }) => data.jobId).sort()).toEqual(['job_a', 'job_b']);
      await inside.close();
      await queue.close();
      await server.stop();
    });

    it('holds urgent jobs first, and a job in shards behind its shards', async () => {
      const server = await start();
      const queue = createJobQueue({
        url: server.url,
        namespace: 'mine',
        onError: () => undefined,
      });
      await queue.enqueue(job('later', { priority: -10 }));
      await queue.enqueue(job('usual'));
      await queue.enqueue(job('sharded', { shards: 2, priority: 10 }));
      const inside = inspect(server.url, 'mine');
      const waiting = await inside.getPrioritized();
      expect(waiting.map(({ data }) => data)).toEqual([
        { jobId: 'sharded', shard: 0 },
        { jobId: 'sharded', shard: 1 },
        { jobId: 'usual' },
        { jobId: 'later' },
      ]);
      expect(await inside.getJobState('sharded')).toBe('waiting-children');
      await inside.close();
      await queue.close();
      await server.stop();
    });
  });
}

it.each(['redis://127.0.0.1:1', 'postgres://127.0.0.1:1/none'])(
  'says that nothing answers at %s',
  async (url) => {
    const queue = createJobQueue({ url, onError: () => undefined });
    await expect(queue.ping()).rejects.toMatchObject({ code: 'queue_unavailable' });
    await expect(queue.enqueue(job('job_a'))).rejects.toMatchObject({ code: 'queue_unavailable' });
    await queue.close();
  },
);
