import { CreateJobRequest, Job } from '@layersense/contracts';
import { formatsOf } from '@layersense/formats';
import { traceParent } from '@layersense/telemetry';
import type { App, AppDependencies } from '../../app-context.js';
import { findCertainRun } from '../../certain-run.js';
import { IdempotencyKeyHeader, idempotencyKeyOf } from '../../idempotency-key.js';
import { assertPathsAllowed } from '../../local-paths.js';
import { problemResponse } from '../../plugins/openapi.js';
import { assertWebhookUrl } from '../../webhooks/webhook-target.js';
import { answerJob, enqueueStored } from './accept-job.js';

/**
 * The queue is asked before the row is written, so that a 503 leaves nothing behind and the same
 * request can simply be sent again. If the queue goes away between the two, the job is accepted
 * all the same: its row is the truth, and the worker's reconciler enqueues rows that were missed.
 */
export function createJobRoute(app: App, { database, queue, config }: AppDependencies): void {
  app.post(
    '/jobs',
    {
      schema: {
        operationId: 'createJob',
        tags: ['jobs'],
        summary: 'Ask for the scores of a model',
        headers: IdempotencyKeyHeader,
        body: CreateJobRequest,
        response: {
          200: Job,
          202: Job,
          403: problemResponse('A path outside the allowed roots'),
          422: problemResponse('A request that is not valid, or an Idempotency-Key of another one'),
          503: problemResponse('Database or queue away; nothing was stored'),
        },
      },
    },
    async (request, reply) => {
      const { spec, ...how } = splitRequest(request.body);
      assertPathsAllowed(spec, config.allowedRoots);
      formatsOf(spec);
      if (how.webhook_url !== undefined) assertWebhookUrl(how.webhook_url, config.webhooks);
      const key = idempotencyKeyOf(request, request.headers);
      const replayed = key && (await database.jobs.idempotencyKeys.answer(key));
      if (replayed) return answerJob(reply.header('idempotency-replayed', 'true'), replayed);

      const runId = await findCertainRun(database, spec, how.force);
      if (runId === undefined) await queue.ping();
      const newJob = { spec, ...how, runId, traceParent: traceParent() };
      const created = await database.jobs.createOnce(newJob, key);
      if (created.replayed) reply.header('idempotency-replayed', 'true');
      else if (runId === undefined) await enqueueStored(created.job, queue, request.log);
      return answerJob(reply, created.job);
    },
  );
}

/** What is computed, and how; only the first is part of the run's identity. */
function splitRequest(body: CreateJobRequest) {
  const { metadata, webhook_url, force, priority, timeout_seconds, shards, ...spec } = body;
  return { spec, metadata, webhook_url, force, priority, timeout_seconds, shards };
}
