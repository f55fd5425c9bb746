import { SENSITIVITY_JOB_OPTIONS, SENSITIVITY_QUEUE } from '@layersense/contracts';
import { createPostgresBackend, createRedisBackend, withBackend } from 'bullmq';

/** Says "look at this job" as the API does. */
export async function enqueue(url: string, namespace: string, jobId: string): Promise<void> {
  const options = { ...SENSITIVITY_JOB_OPTIONS, jobId };
  if (url.startsWith('postgres')) {
    const { Queue } = withBackend(createPostgresBackend);
    const connection = { connectionString: url, schema: namespace, migrate: true, max: 1 };
    const queue = new Queue(SENSITIVITY_QUEUE, { connection });
    await queue.add('sensitivity', { jobId }, options);
    await queue.close();
  } else {
    const { Queue } = withBackend(createRedisBackend);
    const queue = new Queue(SENSITIVITY_QUEUE, { connection: { url }, prefix: namespace });
    await queue.add('sensitivity', { jobId }, options);
    await queue.close();
  }
}
