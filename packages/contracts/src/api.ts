import { z } from 'zod';
import { Job, JobStatus } from './job.js';
import { Method } from './job-spec.js';
import { Run } from './score.js';

const idOf = (kind: 'job' | 'run') =>
  z.object({
    id: z
      .string()
      .min(1)
      .max(64)
      .meta({ examples: [`${kind}_01935b7c-0000-7000-8000-000000000000`] }),
  });

export const JobIdParams = idOf('job');
export const RunIdParams = idOf('run');

const limit = z.coerce.number().int().min(1).max(200).default(50);

export const ListJobsQuery = z.strictObject({
  status: JobStatus.optional(),
  model: z.string().optional(),
  method: Method.optional(),
  limit,
  cursor: z.string().max(512).optional(),
});
export type ListJobsQuery = z.infer<typeof ListJobsQuery>;

export const JobList = z
  .object({
    object: z.literal('list'),
    data: z.array(Job),
    has_more: z.boolean(),
    next_cursor: z.string().nullable(),
  })
  .meta({ id: 'JobList' });

/** `GET /scores`: newest succeeded run per (model, revision, dataset, method) unless `run_id`. */
export const ScoresQuery = z.strictObject({
  model: z.string().optional(),
  revision: z.string().optional(),
  dataset: z.string().optional(),
  method: Method.optional(),
  metric: z.string().optional(),
  layer: z.string().optional().describe('glob on the layer, for example *.v_proj'),
  module: z.string().optional().describe('last part of the layer name, for example v_proj'),
  block: z.coerce.number().int().min(0).optional(),
  run_id: z.string().optional(),
  sort: z.enum(['value', '-value', 'layer', '-layer']).default('-value'),
  top: z.coerce.number().int().min(1).max(10_000).default(1000),
});
export type ScoresQuery = z.infer<typeof ScoresQuery>;

export const StoredScore = z
  .object({
    model: z.string(),
    revision: z.string(),
    dataset: z.string().nullable(),
    method: Method,
    metric: z.string(),
    layer: z.string(),
    parameter: z.string(),
    module: z.string(),
    block: z.number().int().nullable(),
    shape: z.array(z.number().int()),
    numel: z.number().int().nullable(),
    value: z.number().nullable(),
    rank: z.number().int(),
    n: z.number().int().nullable(),
    standard_error: z.number().nullable(),
    /** 95 %: value ± Student's t · standard error. */
    confidence_interval: z.tuple([z.number(), z.number()]).nullable(),
    /** Of an expert's weight, as in a LayerScore. */
    routed_tokens: z.number().int().nullable(),
    routed_examples: z.number().int().nullable(),
    /** Value divided by the largest value of the same run and metric. */
    share_of_max: z.number().nullable(),
    run_id: z.string(),
  })
  .meta({ id: 'StoredScore' });
export type StoredScore = z.infer<typeof StoredScore>;

export const StoredScoreList = z
  .object({ object: z.literal('list'), data: z.array(StoredScore) })
  .meta({ id: 'StoredScoreList' });

/** `POST /runs/import`: a score map from elsewhere. */
export const ImportRunRequest = z
  .strictObject({
    model: z.string().min(1),
    revision: z.string().min(1).default('unknown'),
    dataset: z.string().min(1).optional(),
    method: Method,
    metric: z.string().min(1).optional().describe("the method's ranking metric when absent"),
    examples: z.number().int().min(1).optional(),
    params: z.record(z.string(), z.unknown()).default({}),
    source: z.string().min(1).describe('where the numbers come from'),
    scores: z
      .record(z.string().min(1), z.number())
      .refine((scores) => Object.keys(scores).length > 0, 'at least one score'),
  })
  .meta({
    id: 'ImportRunRequest',
    examples: [
      {
        model: 'Qwen/Qwen2.5-Math-1.5B-Instruct',
        dataset: 'gsm8k',
        method: 'fisher',
        examples: 64,
        source: 'TaskQuant',
        scores: { 'model.layers.0.self_attn.q_proj.weight': 0.0213 },
      },
    ],
  });
export type ImportRunRequest = z.infer<typeof ImportRunRequest>;

export const ImportRunResponse = z
  .object({ run: Run, imported: z.number().int() })
  .meta({ id: 'ImportRunResponse' });
