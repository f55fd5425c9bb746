import { createJobQueue, queueEntryId } from '@layersense/queue';

/** Says "look at this job", and at each of its shards, as the API does. */
export async function enqueue(
  url: string,
  namespace: string,
  id: string,
  { priority = 0, shards = 1 } = {},
): Promise<void> {
  const queue = createJobQueue({ url, namespace, onError: () => undefined });
  await queue.enqueue({ id, priority, shards });
  await queue.close();
}

/** Takes the entry of a shard out of the queue, as a queue that lost its memory does. */
export async function loseShard(
  url: string,
  namespace: string,
  jobId: string,
  shard: number,
): Promise<void> {
  const queue = createJobQueue({ url, namespace, onError: () => undefined });
  const removed = await (await queue.bullQueue()).remove(queueEntryId({ jobId, shard }));
  await queue.close();
  if (removed !== 1) throw new Error(`the queue has no entry of shard ${shard} of ${jobId}`);
}
