import type { Job, JobSpec, Progress } from '@layersense/contracts';
import { type Job as JobRow, Prisma } from '../generated/prisma/client.js';
import { showId } from '../ids.js';

/** A row as the API shows it. What jsonb holds was parsed before it was written. */
export function toJob(row: JobRow): Job {
  const spec = row.spec as unknown as JobSpec;
  const id = showId('job', row.id);
  return {
    id,
    object: 'job',
    status: row.status,
    request: {
      model: spec.model,
      revision: spec.revision ?? null,
      dataset: spec.dataset ?? null,
      method: spec.method,
      params: spec.params,
      device: spec.device,
      force: row.force,
    },
    metadata: row.metadata as Job['metadata'],
    priority: row.priority,
    timeout_seconds: row.timeout_seconds,
    shards: row.shards,
    progress: toProgress(row.progress),
    cached: row.cached,
    run_id: row.run_id === null ? null : showId('run', row.run_id),
    error: row.error as Job['error'],
    attempt: row.attempt,
    created_at: row.created_at.toISOString(),
    started_at: toTimestamp(row.started_at),
    finished_at: toTimestamp(row.finished_at),
    cancel_requested_at: toTimestamp(row.cancel_requested_at),
    urls: {
      self: `/jobs/${id}`,
      events: `/jobs/${id}/events`,
      scores: `/jobs/${id}/scores`,
      cancel: `/jobs/${id}/cancel`,
      retry: `/jobs/${id}/retry`,
    },
  };
}

/** Rows of an earlier release say nothing of the layer. */
export function toProgress(stored: Prisma.JsonValue): Progress | null {
  return stored === null ? null : { layer: null, ...(stored as Omit<Progress, 'layer'>) };
}

/** A value for a jsonb column; properties that are undefined are left out. */
export function toJson(value: object): Prisma.InputJsonObject {
  return JSON.parse(JSON.stringify(value));
}

/** SQL NULL in a jsonb column. */
export const noJson = Prisma.DbNull;

function toTimestamp(time: Date | null): string | null {
  return time === null ? null : time.toISOString();
}
