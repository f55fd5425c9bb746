import { z } from 'zod';
import { Problem } from './problem.js';

export const methods = ['fisher', 'magnitude'] as const;
export const Method = z.enum(methods).meta({ id: 'Method' });
export type Method = z.infer<typeof Method>;

export const Device = z.enum(['auto', 'cpu', 'cuda', 'webgpu']).meta({ id: 'Device' });
export type Device = z.infer<typeof Device>;

export const Loss = z.enum([
  'token-mean',
  'sequence-sum',
  'masked-token-mean',
  'masked-token-sum',
  'class',
]);
export type Loss = z.infer<typeof Loss>;

/** What a model predicts, and the losses that such a model has; the first where none is asked for. */
export const lossesOf = {
  'causal-lm': ['token-mean', 'sequence-sum'],
  'masked-lm': ['masked-token-mean', 'masked-token-sum'],
  'sequence-classification': ['class'],
} as const satisfies Readonly<Record<string, readonly [Loss, ...Loss[]]>>;
export type ModelTask = keyof typeof lossesOf;

/** Share of the tokens that are masked where the request does not say: BERT's. */
export const MASK_PROBABILITY = 0.15;

export const Labels = z.enum(['data', 'model']);
export type Labels = z.infer<typeof Labels>;

/** What the calibration examples are: a named set, or a file under an allowed root. */
export const DatasetSpec = z
  .strictObject({
    name: z
      .string()
      .min(1)
      .describe(
        'gsm8k, wikitext, math, sst2, imdb, ag_news, or the path of a .jsonl, .txt or .parquet file',
      ),
    split: z.string().min(1).optional().describe("the named set's split; its default when absent"),
    format: z
      .enum(['question', 'question-answer'])
      .optional()
      .describe('gsm8k and math: the question alone, or both through the chat template'),
    revision: z.string().min(1).optional(),
  })
  .meta({ id: 'DatasetSpec' });
export type DatasetSpec = z.infer<typeof DatasetSpec>;

/** When to stop before all examples are computed. */
export const Until = z
  .strictObject({
    top_k_stable: z
      .strictObject({
        k: z.number().int().min(1).max(10_000).default(10),
        probability: z
          .number()
          .min(0.5)
          .max(0.9999)
          .default(0.95)
          .describe('share of the bootstrap resamples that each of the k layers must be in'),
        min_examples: z.number().int().min(2).max(1_000_000).default(16),
      })
      .prefault({}),
  })
  .meta({ id: 'Until' });
export type Until = z.infer<typeof Until>;

/** Parameters of the Fisher method. docs/maths.md defines every choice. */
export const FisherParams = z
  .strictObject({
    examples: z
      .number()
      .int()
      .min(1)
      .max(1_000_000)
      .default(64)
      .describe('how many are drawn; with `until`, how many at most'),
    skip_examples: z
      .number()
      .int()
      .min(1)
      .max(1_000_000)
      .optional()
      .describe('leave out so many of the first drawn: disjoint runs can be merged'),
    max_length: z.number().int().min(2).max(1_048_576).default(2048),
    seed: z.number().int().min(0).max(0xffff_ffff).default(42),
    batch_size: z.number().int().min(1).max(4096).optional(),
    loss: Loss.optional().describe(
      'by default the model decides: token-mean, masked-token-mean of a masked language model, class of a sequence classifier',
    ),
    mask_probability: z
      .number()
      .gt(0)
      .max(1)
      .optional()
      .describe('masked language models: share of the tokens that are masked; 0.15 when absent'),
    labels: Labels.default('data'),
    draws: z
      .number()
      .int()
      .min(1)
      .max(1024)
      .optional()
      .describe('label draws per example with `labels: "model"`; 1 when absent'),
    until: Until.optional(),
    plan: z
      .enum(['auto', 'whole', 'checkpointed', 'streamed'])
      .optional()
      .describe(
        'how the computation is laid out in memory; auto chooses, and no plan changes a number',
      ),
    memory_limit_bytes: z
      .number()
      .int()
      .min(1)
      .max(Number.MAX_SAFE_INTEGER)
      .optional()
      .describe(
        'what the computation may take in memory; four fifths of what is available when absent',
      ),
  })
  .refine(({ labels, draws }) => labels === 'model' || draws === undefined, {
    path: ['draws'],
    message: 'labels are drawn with `labels: "model"` alone; those of the data are given',
  })
  .meta({ id: 'FisherParams' });
export type FisherParams = z.infer<typeof FisherParams>;

/** Magnitude is data-free: it has no parameters. */
export const MagnitudeParams = z.strictObject({}).meta({ id: 'MagnitudeParams' });

const shared = {
  model: z
    .string()
    .min(1)
    .max(1024)
    .describe('a Hub repository, or a folder under an allowed root'),
  revision: z
    .string()
    .min(1)
    .max(256)
    .optional()
    .describe('branch, tag or commit; main by default'),
  device: Device.default('auto'),
};

const dataset = z.union([
  z
    .string()
    .min(1)
    .max(1024)
    .transform((name): DatasetSpec => ({ name })),
  DatasetSpec,
]);

const FisherSpec = z.strictObject({
  ...shared,
  method: z.literal('fisher'),
  dataset,
  params: FisherParams.prefault({}),
});

const MagnitudeSpec = z.strictObject({
  ...shared,
  method: z.literal('magnitude'),
  params: MagnitudeParams.prefault({}),
});

/** What one job computes, complete with defaults. Stored with the job and with its run. */
export const JobSpec = z
  .discriminatedUnion('method', [FisherSpec, MagnitudeSpec])
  .meta({ id: 'JobSpec' });
export type JobSpec = z.infer<typeof JobSpec>;
export type FisherJobSpec = Extract<JobSpec, { method: 'fisher' }>;
/** With the loss that was asked for, or else the model's own. */
export type SettledFisherJobSpec = FisherJobSpec & { readonly params: { readonly loss: Loss } };
export type MagnitudeJobSpec = Extract<JobSpec, { method: 'magnitude' }>;
/** A spec that says all that its numbers depend on. */
export type SettledJobSpec = SettledFisherJobSpec | MagnitudeJobSpec;

const MOST_SHARDS = 256;

export const Metadata = z
  .record(z.string().min(1).max(64), z.string().max(512))
  .refine((metadata) => Object.keys(metadata).length <= 16, 'at most 16 entries');

/** What a request says beside what it computes. */
const besideSpec = {
  metadata: Metadata.default({}),
  force: z
    .boolean()
    .default(false)
    .describe('compute even where a stored run has the same numbers'),
  webhook_url: z
    .url({ protocol: /^https?$/, error: 'must be an https: URL' })
    .max(2048)
    .optional()
    .describe('is told when the job has ended'),
};

/** How a job is to be computed: nothing here changes a number, so nothing of it is in the spec. */
const scheduling = {
  priority: z
    .number()
    .int()
    .min(-10)
    .max(10)
    .default(0)
    .describe('jobs of a higher priority are taken from the queue first'),
  timeout_seconds: z
    .number()
    .int()
    .min(1)
    .max(604_800)
    .optional()
    .describe('the longest that one attempt may take; the worker has a limit of its own'),
};

const shards = z
  .number()
  .int()
  .min(1)
  .max(MOST_SHARDS)
  .default(1)
  .describe('over how many workers at most the examples are divided; not with `until`');

/** `POST /jobs`: a job spec with how to run it and metadata of the caller's own beside it. */
export const CreateJobRequest = z
  .discriminatedUnion('method', [
    FisherSpec.extend({ ...besideSpec, ...scheduling, shards }).refine(
      ({ shards, params }) => shards === 1 || params.until === undefined,
      {
        path: ['shards'],
        message:
          'a job with `until` decides after every round whether to go on, which shards cannot; leave out one of the two',
      },
    ),
    MagnitudeSpec.extend({ ...besideSpec, ...scheduling }),
  ])
  .meta({
    id: 'CreateJobRequest',
    examples: [
      {
        model: 'Qwen/Qwen2.5-Math-1.5B-Instruct',
        method: 'fisher',
        dataset: 'gsm8k',
        params: { examples: 64, max_length: 512 },
        metadata: { ticket: 'Q-17' },
      },
      { model: 'Qwen/Qwen2.5-0.5B', method: 'magnitude' },
    ],
  });
export type CreateJobRequest = z.infer<typeof CreateJobRequest>;

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
