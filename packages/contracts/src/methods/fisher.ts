import { z } from 'zod';
import { Labels, Loss } from '../loss.js';
import { datasetField, sharedFields } from '../spec-fields.js';
import { fixedMetrics, type ScoredWeights, type ScoringMethod } from './scoring-method.js';
import { weightsClauses } from './weights-clauses.js';

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

const params = z
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
    purpose: z
      .enum(['ranking', 'quantisation'])
      .optional()
      .describe(
        'quantisation: what a number format does to the loss can be told from the run. The loss is summed, labels are drawn from the model, and sums of squared gradients by output and by input of every matrix are kept; ranking when absent',
      ),
    loss: Loss.optional().describe(
      'by default the model decides: token-mean, masked-token-mean of a masked language model, class of a sequence classifier; with `purpose: "quantisation"` the sums in place of the means',
    ),
    mask_probability: z
      .number()
      .gt(0)
      .max(1)
      .optional()
      .describe('masked language models: share of the tokens that are masked; 0.15 when absent'),
    labels: Labels.optional().describe(
      'data when absent, and model with `purpose: "quantisation"`, which has no other',
    ),
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
  .overwrite((params) => ({ ...params, labels: params.labels ?? defaultLabels(params) }))
  .refine(({ labels, draws }) => labels === 'model' || draws === undefined, {
    path: ['draws'],
    message: 'labels are drawn with `labels: "model"` alone; those of the data are given',
  })
  .refine(({ purpose, labels }) => purpose !== 'quantisation' || labels === 'model', {
    path: ['labels'],
    message:
      'with `purpose: "quantisation"` labels are drawn from the model, whose predictions are to change least; leave out one of the two',
  })
  .refine(({ purpose, loss = '' }) => purpose !== 'quantisation' || !loss.endsWith('-mean'), {
    path: ['loss'],
    message:
      'with `purpose: "quantisation"` the loss is the sum over the positions, for what a number format does is told per token; leave out one of the two',
  })
  .refine(({ purpose, until }) => purpose !== 'quantisation' || until === undefined, {
    path: ['until'],
    message:
      'with `purpose: "quantisation"` all examples are computed, in groups whose sums are kept; leave out one of the two',
  })
  .meta({ id: 'FisherParams' });
/** Whoever has been parsed has labels. */
export type FisherParams = z.infer<typeof params> & { readonly labels: Labels };
/** Parameters of the Fisher method. docs/maths.md defines every choice. */
export const FisherParams = params as unknown as z.ZodType<FisherParams, z.input<typeof params>>;

/** Where the request does not say whose labels are taken. */
function defaultLabels({ purpose }: { readonly purpose?: string | undefined }): Labels {
  return purpose === 'quantisation' ? 'model' : 'data';
}

export const FisherSpec = z.strictObject({
  ...sharedFields,
  method: z.literal('fisher'),
  dataset: datasetField,
  params: FisherParams.prefault({}),
});

export type FisherJobSpec = z.infer<typeof FisherSpec>;
/** With the loss that was asked for, or else the model's own. */
export type SettledFisherJobSpec = FisherJobSpec & { readonly params: { readonly loss: Loss } };

const losses: Readonly<Record<Loss, string>> = {
  'token-mean': 'the mean next-token cross-entropy over the positions of example n',
  'sequence-sum': 'the summed next-token cross-entropy over the positions of example n',
  'masked-token-mean': 'the mean cross-entropy of the masked tokens of example n',
  'masked-token-sum': 'the summed cross-entropy of the masked tokens of example n',
  class: 'the cross-entropy of the class of example n',
};

const labelSources = {
  data: 'labels from the data (the empirical Fisher)',
  model: "labels drawn from the model's own distribution (the Fisher information)",
} as const;

function definition(
  { params: { loss, labels, draws = 1 } }: FisherJobSpec,
  weights: ScoredWeights,
): string {
  const point =
    weights.dequantized > 0
      ? '; W is the dequantised matrix where integers are stored, and the gradient is taken at that point'
      : '';
  const repeated = draws > 1 ? `, ${draws} draws per example whose squares are averaged` : '';
  return `sum = (1/N) Σₙ ‖∂ℓₙ/∂W‖²_F and density = sum/numel(W), where ℓₙ is ${loss === undefined ? 'the loss of example n that the model has' : losses[loss]}, ${labelSources[labels]}${repeated}; squares are taken per example, before the mean${point}${weightsClauses(weights)}`;
}

/** Only what is not the usual: runs of a time before there were purposes keep their identity. */
function determining({ purpose }: Readonly<Record<string, unknown>>) {
  return purpose === 'quantisation' ? { purpose } : undefined;
}

/** Squared per-example gradients, averaged. */
export const fisher: ScoringMethod = {
  name: 'fisher',
  version: '2',
  spec: FisherSpec,
  params: FisherParams,
  ...fixedMetrics('sum', 'density'),
  definition,
  overExamples: true,
  nonFinite: 'non_finite_gradient',
  objective: ({ params: { loss, labels } }: FisherJobSpec) => ({ loss, labels }),
  determining,
  refusal: {
    path: ['shards'],
    message:
      'a job with `until` decides after every round whether to go on, and one with `purpose: "quantisation"` adds up over all of its examples, which shards cannot; leave out one of the two',
    refuses: ({ shards = 1, params: { until, purpose } }) =>
      shards !== 1 && (until !== undefined || purpose === 'quantisation'),
  },
};
