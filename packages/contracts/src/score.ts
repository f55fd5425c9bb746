import { z } from 'zod';
import { JobStatus } from './job.js';
import { Method } from './job-spec.js';
import { Labels, Loss } from './loss.js';
import { Device } from './spec-fields.js';

/** What a metric that does not rank the run says of how sure it is. */
export const MetricError = z.object({
  standard_error: z.number(),
  /** In the order of the run's `dataset.indices`. */
  per_example: z.array(z.number()).optional(),
});
export type MetricError = z.infer<typeof MetricError>;

/** The score of one parameter, as files and answers show it. */
export const LayerScore = z
  .object({
    /** Module path: the parameter's name without `.weight` or `.bias`. */
    layer: z.string(),
    parameter: z.string(),
    shape: z.array(z.number().int()),
    /** Null while the parameter is known from an import alone, which does not say. */
    numel: z.number().int().nullable(),
    /** Examples behind the values; null where the score is data-free. */
    n: z.number().int().nullable(),
    values: z.record(z.string(), z.number().nullable()),
    /** Of the ranking metric's mean over examples: sqrt(variance / n); null for n < 2. */
    standard_error: z.number().nullable(),
    /** Of the per-example values: Σ (x − mean)² / (n − 1). Like what follows, there for n ≥ 2. */
    variance: z.number().optional(),
    /** 95 %, of the ranking metric: value ± Student's t · standard error. */
    confidence_interval: z.tuple([z.number(), z.number()]).optional(),
    /** Share of the run's bootstrap resamples that have the layer in their top `stability.k`. */
    top_k_probability: z.number().optional(),
    /** Of an expert's weight: how many tokens its router sent to it; null where all are seen. */
    routed_tokens: z.number().int().nullable().default(null),
    /** And of how many of the `n` examples it saw one or more. */
    routed_examples: z.number().int().nullable().default(null),
    /** 1 is the largest. A part of a packed weight has the rank it would take, and takes none. */
    rank: z.number().int().min(1),
    /** ‖gₙ‖² per example in the order of the run's `dataset.indices`. */
    per_example: z.array(z.number()).optional(),
    /** Beside `per_example` where `routed_tokens` is not null. */
    per_example_routed_tokens: z.array(z.number().int()).optional(),
    /** By metric, what `standard_error` and `per_example` are of the ranking one; of those that have an error. */
    other_metrics: z.record(z.string(), MetricError).optional(),
  })
  .meta({ id: 'LayerScore' });
export type LayerScore = z.infer<typeof LayerScore>;

export const RunModel = z.object({
  name: z.string(),
  /** Commit of a Hub model; the content hash of a local one. */
  revision: z.string(),
  model_type: z.string().nullable(),
  parameters: z.number().int().nullable(),
  dtype: z.string().nullable(),
  files: z.array(z.object({ name: z.string(), sha256: z.string() })),
});
export type RunModel = z.infer<typeof RunModel>;

export const RunDataset = z.object({
  name: z.string(),
  split: z.string().nullable(),
  format: z.string().nullable(),
  revision: z.string().nullable(),
  /** Which rows of the filtered source were taken, in order. */
  indices: z.array(z.number().int()),
  /** Null, like the fields below it, where an import does not say. */
  examples: z.number().int().nullable(),
  tokens: z.number().int().nullable(),
  truncated: z.number().int().nullable(),
  /**
   * Rows that were drawn and left out, because nothing of them can be predicted; others were drawn in
   * their place. Absent, like `unread_keys`, from runs of a time when it was not recorded.
   */
  skipped: z.number().int().min(0).optional(),
  /** Keys of the file's rows that nothing is read from: the first 50. */
  unread_keys: z.array(z.string()).optional(),
  tokenizer_sha256: z.string().nullable(),
  /** sha256 of the token stream; null for a merge, which knows its examples by their hashes alone. */
  fingerprint: z.string().nullable(),
  /** Per example, in the order of `indices`, the first 128 bits of the sha256 of its tokens. */
  example_hashes: z.array(z.string()).default([]),
});
export type RunDataset = z.infer<typeof RunDataset>;

/** How the top of the ranking holds when the examples are drawn again (bootstrap). */
export const Stability = z.object({
  k: z.number().int(),
  resamples: z.number().int(),
  /** The least, over the top k, of the shares of resamples whose top k has the layer too. */
  probability: z.number(),
  /** Mean of |A ∩ B| / |A ∪ B|, A being the top k and B that of a resample. */
  jaccard: z.number(),
});
export type Stability = z.infer<typeof Stability>;

/** How an adaptive run ended. */
export const Stopping = z.object({
  reason: z.enum(['stable', 'examples exhausted']),
  /** How many examples it took, of how many at most. */
  examples: z.number().int(),
  at_most: z.number().int(),
  /** The stability after each round. */
  rounds: z.array(z.object({ examples: z.number().int(), probability: z.number() })),
});
export type Stopping = z.infer<typeof Stopping>;

/** What the marginals of a run are of, which `GET /runs/{id}/marginals` answers. */
export const MarginalGroups = z
  .array(
    z.object({
      examples: z.number().int().min(0),
      /** Targets of these that carry loss. */
      targets: z.number().int().min(0),
    }),
  )
  .meta({ id: 'MarginalGroups' });
export type MarginalGroups = z.infer<typeof MarginalGroups>;

/** Whose gradients the prices of a run are of. */
export const PricedRun = z
  .object({
    run_id: z.string(),
    /** Of its marginals; null where it has none. */
    groups: MarginalGroups.nullable(),
  })
  .meta({ id: 'PricedRun' });
export type PricedRun = z.infer<typeof PricedRun>;

/** Everything needed to trust a score, and to compute it again. */
export const Run = z
  .object({
    id: z.string(),
    object: z.literal('run'),
    /** sha256 of what determines the numbers; equal runs share it. */
    identity: z.string(),
    imported: z.boolean(),
    source: z.string().nullable(),
    method: Method,
    method_version: z.string(),
    definition: z.string(),
    metrics: z.array(z.string()),
    model: RunModel,
    dataset: RunDataset.nullable(),
    params: z.record(z.string(), z.unknown()),
    loss: Loss.nullable(),
    labels: Labels.nullable(),
    mean_loss: z.number().nullable(),
    /** ℓₙ in the order of `dataset.indices`; null where the run has none or an import does not say. */
    example_losses: z.array(z.number()).nullable().default(null),
    /** Null where there is nothing to resample, or no more than k layers. */
    stability: Stability.nullable().default(null),
    /** Null unless the request had `until`. */
    stopping: Stopping.nullable().default(null),
    /** By group of examples; there where the run has marginals. */
    marginals: MarginalGroups.optional(),
    /** Of a run that prices formats: whose gradients it takes. */
    priced_run: PricedRun.optional(),
    /** Runs whose per-example values are part of this one: it extends or merges them. */
    derived_from: z.array(z.object({ run_id: z.string(), examples: z.number().int() })).default([]),
    device: Device.nullable(),
    plan: z.string().nullable(),
    /** Why this plan, with the estimate and the limit. */
    plan_reason: z.string().nullable().default(null),
    estimated_memory_bytes: z.number().int().nullable().default(null),
    arithmetic: z.string().nullable(),
    engine: z.object({ name: z.string(), version: z.string(), onnxruntime: z.string().nullable() }),
    seconds: z.number().nullable(),
    peak_memory_bytes: z.number().int().nullable(),
    created_at: z.iso.datetime({ offset: true }),
  })
  .meta({ id: 'Run' });
export type Run = z.infer<typeof Run>;

/** A finished run: what `layersense score --json` writes and `GET /jobs/:id/scores` answers. */
export const ScoreReport = z
  .object({ run: Run, scores: z.array(LayerScore) })
  .meta({ id: 'ScoreReport' });
export type ScoreReport = z.infer<typeof ScoreReport>;

/** What the finished examples of a job say while it runs. */
export const PartialScoreReport = z
  .object({
    object: z.literal('partial_scores'),
    job_id: z.string(),
    status: JobStatus,
    /** How many examples the scores are of. */
    examples: z.number().int().min(1),
    scores: z.array(LayerScore),
  })
  .meta({ id: 'PartialScoreReport' });
export type PartialScoreReport = z.infer<typeof PartialScoreReport>;
