import { z } from 'zod';
import { JobStatus, type Progress } from './job.js';

export const JobEventType = z
  .enum([
    'created',
    'started',
    'requeued',
    'cancel_requested',
    'canceled',
    'succeeded',
    'failed',
    'retried',
    'shard_started',
    'shard_requeued',
    'shard_succeeded',
    'plan_reduced',
  ])
  .meta({ id: 'JobEventType' });
export type JobEventType = z.infer<typeof JobEventType>;

/** One change of a job's status. */
export const JobEvent = z
  .object({
    /** 1, 2, 3… without gaps. */
    seq: z.number().int().min(1),
    type: JobEventType,
    /** The status and attempt after the change, and what the change brought. */
    data: z.looseObject({ status: JobStatus, attempt: z.number().int() }),
    created_at: z.iso.datetime({ offset: true }),
  })
  .meta({
    id: 'JobEvent',
    examples: [
      {
        seq: 2,
        type: 'started',
        data: { status: 'running', attempt: 1, worker_id: 'gpu-1:4711' },
        created_at: '2026-11-23T12:00:00.000Z',
      },
    ],
  });
export type JobEvent = z.infer<typeof JobEvent>;

export const JobEventList = z
  .object({ object: z.literal('list'), data: z.array(JobEvent) })
  .meta({ id: 'JobEventList' });

/** What has happened to a job since an event that its reader knows. */
export interface JobChange {
  readonly events: readonly JobEvent[];
  readonly progress: Progress | null;
}
