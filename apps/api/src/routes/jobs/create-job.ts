import { CreateJobRequest, Job, type LayersenseError } from '@layersense/contracts';
import { traceParent } from '@layersense/telemetry';
import type { App, AppDependencies } from '../../app-context.js';
import { assertPathsAllowed } from '../../local-paths.js';
import { problemResponse } from '../../plugins/openapi.js';

const POLL_SECONDS = 2;

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
        tags: ['jobs'],
        summary: 'Ask for the scores of a model',
        body: CreateJobRequest,
        response: {
          202: Job,
          403: problemResponse('A path outside the allowed roots'),
          422: problemResponse('A request that is not valid'),
          503: problemResponse('Database or queue away; nothing was stored'),
        },
      },
    },
    async (request, reply) => {
      const { spec, ...how } = splitRequest(request.body);
      assertPathsAllowed(spec, config.allowedRoots);
      await queue.ping();
      const job = await database.jobs.create({ spec, ...how, traceParent: traceParent() });
      await queue.enqueue(job).catch((error: LayersenseError) => {
        request.log.warn({ err: error, jobId: job.id }, 'not enqueued; the reconciler will');
      });
      return reply
        .code(202)
        .header('location', job.urls.self)
        .header('retry-after', POLL_SECONDS)
        .send(job);
    },
  );
}

/** What is computed, and how; only the first is part of the run's identity. */
function splitRequest(body: CreateJobRequest) {
  if (body.method === 'magnitude') {
    const { metadata, priority, timeout_seconds, ...spec } = body;
    return { spec, metadata, priority, timeout_seconds };
  }
  const { metadata, priority, timeout_seconds, shards, ...spec } = body;
  return { spec, metadata, priority, timeout_seconds, shards };
}
