import { type QueuedJob, queueFlow } from '@layersense/contracts';
import { createPostgresBackend, createRedisBackend, withBackend } from 'bullmq';

/** Says "look at this job" as the API does. */
export async function enqueue(
  url: string,
  namespace: string,
  id: string,
  { priority = 0, shards: count = 1 } = {},
): Promise<void> {
  const shards = count > 1 ? Array.from({ length: count }, (_, shard) => shard) : [];
  await enqueueFlow(url, namespace, { id, priority, shards });
}

export async function enqueueFlow(url: string, namespace: string, job: QueuedJob): Promise<void> {
  const flow = queueFlow(job);
  if (url.startsWith('postgres')) {
    const { FlowProducer } = withBackend(createPostgresBackend);
    const connection = { connectionString: url, schema: namespace, migrate: true, max: 1 };
    const flows = new FlowProducer({ connection });
    await flows.add(flow);
    await flows.close();
  } else {
    const { FlowProducer } = withBackend(createRedisBackend);
    const flows = new FlowProducer({ connection: { url }, prefix: namespace });
    await flows.add(flow);
    await flows.close();
  }
}
