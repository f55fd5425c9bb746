import { z } from 'zod';
import { type JobSpec, Method } from './job-spec.js';
import { Problem } from './problem.js';
import { DatasetSpec, Device } from './spec-fields.js';

export const jobStatuses = [
  'queued',
  'running',
  'canceling',
  'succeeded',
  'failed',
  'canceled',
] as const;
export const JobStatus = z.enum(jobStatuses).meta({ id: 'JobStatus' });
export type JobStatus = z.infer<typeof JobStatus>;

export const isTerminal = (status: JobStatus): boolean =>
  status === 'succeeded' || status === 'failed' || status === 'canceled';

export const phases = [
  'resolving',
  'loading',
  'tokenizing',
  'building',
  'computing',
  'saving',
] as const;

export const Progress = z
  .object({
    phase: z.enum(phases),
    done: z.number().int().min(0),
    total: z.number().int().min(0),
    layer: z
      .string()
      .nullable()
      .describe(
        'what is being computed: of magnitudes the parameter, of a checkpointed or streamed plan the block or blocks of the segment; null where the whole model is, and between computations',
      ),
    /** Seconds until the phase ends, from its own rate so far; null until a rate is known. */
    eta_seconds: z.number().min(0).nullable(),
  })
  .meta({
    id: 'Progress',
    examples: [
      { phase: 'computing', done: 12, total: 64, layer: 'model.layers.3', eta_seconds: 41.5 },
    ],
  });
export type Progress = z.infer<typeof Progress>;

const timestamp = z.iso.datetime({ offset: true });

export const Job = z
  .object({
    id: z.string(),
    object: z.literal('job'),
    status: JobStatus,
    request: z.object({
      model: z.string(),
      revision: z.string().nullable(),
      dataset: DatasetSpec.nullable(),
      method: Method,
      params: z.record(z.string(), z.unknown()),
      device: Device,
      force: z.boolean(),
    }),
    metadata: z.record(z.string(), z.string()),
    priority: z.number().int(),
    timeout_seconds: z.number().int().nullable(),
    /** Over how many workers the examples are divided. */
    shards: z.number().int().min(1),
    progress: Progress.nullable(),
    /** The run was stored before: nothing was computed. */
    cached: z.boolean(),
    run_id: z.string().nullable(),
    error: Problem.nullable(),
    attempt: z.number().int().min(0),
    created_at: timestamp,
    started_at: timestamp.nullable(),
    finished_at: timestamp.nullable(),
    cancel_requested_at: timestamp.nullable(),
    urls: z.object({
      self: z.string(),
      events: z.string(),
      scores: z.string(),
      cancel: z.string(),
      retry: z.string(),
    }),
  })
  .meta({ id: 'Job' });
export type Job = z.infer<typeof Job>;

/** What the job computes, as it was asked for. */
export function jobSpecOf({ request }: Pick<Job, 'request'>): JobSpec {
  const { model, revision, dataset, method, params, device } = request;
  return {
    model,
    method,
    device,
    params,
    ...(revision === null ? {} : { revision }),
    ...(dataset === null ? {} : { dataset }),
  };
}
