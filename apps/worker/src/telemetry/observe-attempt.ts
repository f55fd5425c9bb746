import type { Database } from '@layersense/database';
import { withSpan } from '@layersense/telemetry';
import type { AttemptEnd } from '../delivery/process-job.js';
import type { WorkerMetrics } from './worker-metrics.js';

/**
 * Surrounds one attempt at a job, or at a shard, with a span, under the request that made the job, and
 * counts how it ended.
 */
export async function observeAttempt(
  jobId: string,
  { database, metrics }: { database: Database; metrics: WorkerMetrics },
  attempt: () => Promise<AttemptEnd>,
): Promise<AttemptEnd> {
  const { job: before, traceParent: parent } = await database.jobs.traced(jobId);
  const attributes = {
    'layersense.job.id': jobId,
    'layersense.job.model': before.request.model,
    'layersense.job.method': before.request.method,
  };
  return withSpan('job', { kind: 'consumer', parent, attributes }, async (span) => {
    const startedAt = Date.now();
    metrics.busy.set(1);
    try {
      const end = await attempt();
      const { outcome, job = before } = end;
      metrics.attempts.inc({ outcome });
      metrics.attemptSeconds.observe({ outcome }, (Date.now() - startedAt) / 1000);
      if (outcome === 'failed' && end.kind === 'failed') metrics.failures.inc({ code: end.reason });
      if (end.job && job.attempt === 1 && job.started_at) {
        const queued = Date.parse(job.started_at) - Date.parse(job.created_at);
        metrics.queuedSeconds.observe(queued / 1000);
      }
      span.setAttributes({
        'layersense.job.outcome': outcome,
        'layersense.job.attempt': job.attempt,
      });
      return end;
    } finally {
      metrics.busy.set(0);
    }
  });
}
