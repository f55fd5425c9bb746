import { z } from 'zod';
import { sharedFields } from '../spec-fields.js';
import { FormatNames, metricsPerFormat, ParameterGlobs } from './named-formats.js';
import type { ScoringMethod } from './scoring-method.js';
import { weightsClauses } from './weights-clauses.js';

/** Of which run's gradients, and which formats. */
export const PriceParams = z
  .strictObject({
    run: z
      .string()
      .min(1)
      .max(64)
      .describe(
        'id of a stored Fisher run of the same weights, with `purpose: "quantisation"` for its marginals',
      ),
    formats: FormatNames,
    parameters: ParameterGlobs.optional(),
  })
  .meta({ id: 'PriceParams' });

export const PriceSpec = z.strictObject({
  ...sharedFields,
  method: z.literal('price'),
  params: PriceParams,
});

export type PriceJobSpec = z.infer<typeof PriceSpec>;

/** What is told of each format: docs/maths.md, "Priced damage". */
export const priceMetrics = metricsPerFormat(['predicted_kl', 'scalar_kl', 'bits_per_weight']);

/** What numeric formats are predicted to do to the model, from the gradients of a stored run. */
export const price: ScoringMethod = {
  name: 'price',
  version: '1',
  spec: PriceSpec,
  params: PriceParams,
  example: {
    run: 'run_01935b7c-0000-7000-8000-000000000000',
    formats: ['int4_g32', 'int8_channel'],
  },
  metrics: ({ params: { formats } }: PriceJobSpec) => priceMetrics.metricsOf(formats),
  hasMetric: priceMetrics.hasMetric,
  metricNames: priceMetrics.metricNames,
  definition: ({ params: { run, formats } }: PriceJobSpec, weights) =>
    `of the formats ${formats.join(', ')}, in nats per token: predicted_kl = ½ rᵀ(ΔW∘ΔW)c / Σr / T with the sums r and c of the squared gradients of ${run} by output and by input, T its targets and ΔW = Ŵ − W, Ŵ being the matrix W in the format; scalar_kl = ½ Σₙ‖gₙ‖² ‖ΔW‖²_F / numel(W) / T, which predicted_kl is where there are no such sums; standard errors are of the jackknife over eight groups of examples; groups of a format run along the inputs${weightsClauses(weights)}`,
  overExamples: false,
  nonFinite: 'non_finite_weight',
  formats: ({ params: { formats } }: PriceJobSpec) => formats,
  determining: ({ run, formats, parameters }) => ({
    run,
    formats,
    ...(parameters ? { parameters } : {}),
  }),
};
