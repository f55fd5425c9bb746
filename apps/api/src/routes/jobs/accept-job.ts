import type { Job, LayersenseError } from '@layersense/contracts';
import type { JobQueue } from '@layersense/queue';
import type { FastifyBaseLogger, FastifyReply } from 'fastify';

export const POLL_SECONDS = 2;

/** 202 for a job that is to be computed, 200 for one whose scores were there. */
export function answerJob(reply: FastifyReply, job: Job): FastifyReply {
  reply.header('location', job.urls.self);
  if (job.cached) return reply.code(200).send(job);
  return reply.code(202).header('retry-after', POLL_SECONDS).send(job);
}

/** A queue that goes away after the row was written loses nothing: workers look for such rows. */
export async function enqueueStored(job: Job, queue: JobQueue, log: FastifyBaseLogger) {
  await queue.enqueue(job).catch((error: LayersenseError) => {
    log.warn({ err: error, jobId: job.id }, 'not enqueued; the reconciler will');
  });
}
