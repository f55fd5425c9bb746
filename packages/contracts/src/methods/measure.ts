import { z } from 'zod';
import { datasetField, sharedFields } from '../spec-fields.js';
import { exampleFields } from './example-fields.js';
import { FormatNames, metricsPerFormat, ParameterGlobs } from './named-formats.js';
import type { ScoredWeights, ScoringMethod } from './scoring-method.js';
import { weightsClauses } from './weights-clauses.js';

/** More than these nobody compares in one run. */
const MOST_ASSIGNMENTS = 256;
/** Names of assignments are part of metrics, as those of formats are. */
const NAME = /^[a-z][a-z0-9_]{0,63}$/;

export const Assignment = z
  .strictObject({
    name: z
      .string()
      .regex(NAME, 'must be lower-case letters, digits and underscores, a letter first')
      .optional()
      .describe('assignment_1, assignment_2, … when absent'),
    weights: z
      .record(z.string().min(1).max(256), z.string().regex(NAME))
      .refine((weights) => Object.keys(weights).length > 0, 'at least one weight')
      .describe(
        'formats by the names of parameters, with * and ? as wildcards; a name without wildcards goes before those with them',
      ),
  })
  .meta({ id: 'Assignment' });
export type Assignment = z.infer<typeof Assignment>;

export const Pairs = z
  .strictObject({
    formats: FormatNames,
    matrices: ParameterGlobs.optional(),
    sample: z
      .number()
      .int()
      .min(1)
      .max(100_000)
      .optional()
      .describe(
        'how many of the pairs are measured: one out of each of so many equal parts of them, in the order of `predicted` or of the layers',
      ),
    seed: z.number().int().min(0).max(0xffff_ffff).default(42).describe('of the sample'),
    predicted: z
      .record(z.string(), z.record(z.string(), z.number()))
      .optional()
      .describe('by parameter and format, what the pairs are ordered by before they are sampled'),
  })
  .meta({ id: 'Pairs' });
export type Pairs = z.infer<typeof Pairs>;

/** Parameters of measured damage. docs/maths.md defines every number. */
export const MeasureParams = z
  .strictObject({
    assignments: z
      .array(Assignment)
      .min(1)
      .max(MOST_ASSIGNMENTS)
      .optional()
      .describe('which weights get which formats, all at once; each is measured as a whole'),
    pairs: Pairs.optional().describe('one matrix in one format at a time, all others as they are'),
    ...exampleFields,
    calibration_run: z
      .string()
      .min(1)
      .max(64)
      .optional()
      .describe('the run whose examples those here are compared with'),
    held_out: z
      .enum(['recorded', 'required'])
      .optional()
      .describe(
        'with calibration_run, whether examples that it shares are refused or, as when this is absent, counted in the record',
      ),
    plan: z
      .enum(['auto', 'whole', 'streamed'])
      .optional()
      .describe('whole: all weights are mapped; streamed: those of one block at a time'),
  })
  .refine(({ assignments, pairs }) => (assignments === undefined) !== (pairs === undefined), {
    path: ['assignments'],
    message: 'give either assignments or pairs',
  })
  .refine(({ assignments = [] }) => new Set(namesOf(assignments)).size === assignments.length, {
    path: ['assignments'],
    message: 'must not repeat a name',
  })
  .refine(
    ({ held_out, calibration_run }) => held_out === undefined || calibration_run !== undefined,
    {
      path: ['held_out'],
      message: 'needs calibration_run: held out from which examples?',
    },
  )
  .meta({ id: 'MeasureParams' });
export type MeasureParams = z.infer<typeof MeasureParams>;

export const MeasureSpec = z.strictObject({
  ...sharedFields,
  method: z.literal('measure'),
  dataset: datasetField,
  params: MeasureParams,
});

export type MeasureJobSpec = z.infer<typeof MeasureSpec>;

/** Of every format, or of every assignment. */
export const measureMetrics = metricsPerFormat(['kl', 'delta_cross_entropy', 'top1_agreement']);

/** What a run of assignments has a score of: the model as a whole, which no parameter is called. */
export const WHOLE_MODEL = '*';

/** The names of assignments, given ones and others by their number from 1. */
export function namesOf(assignments: readonly Assignment[]): readonly string[] {
  return assignments.map(({ name }, i) => name ?? `assignment_${i + 1}`);
}

function definition({ params }: MeasureJobSpec, weights: ScoredWeights): string {
  const { assignments, pairs } = params;
  const changed = assignments
    ? 'all weights of the assignment are in its formats'
    : 'the parameter alone is in the format';
  const names = assignments ? namesOf(assignments) : (pairs?.formats ?? []);
  return `of ${assignments ? 'the assignments' : 'the formats'} ${names.join(', ')}: kl = KL(p ‖ p′), delta_cross_entropy = −log p′(y) + log p(y) and top1_agreement = whether the most likely token of p is one of p′, each the mean over all positions of all examples that carry loss, with p the model's prediction, p′ that of the model in which ${changed}, and y the label; standard errors are those of a ratio of sums over examples${weightsClauses(weights)}`;
}

/** What number formats do to predictions, measured. */
export const measure: ScoringMethod = {
  name: 'measure',
  version: '1',
  spec: MeasureSpec,
  params: MeasureParams,
  example: { pairs: { formats: ['int4_g32', 'int8_channel'] } },
  metrics: ({ params: { assignments, pairs } }: MeasureJobSpec) =>
    measureMetrics.metricsOf(assignments ? namesOf(assignments) : (pairs?.formats ?? [])),
  hasMetric: measureMetrics.hasMetric,
  metricNames: measureMetrics.metricNames,
  definition,
  overExamples: true,
  joinable: false,
  nonFinite: 'non_finite_damage',
  formats: ({ params: { assignments = [], pairs } }: MeasureJobSpec) => [
    ...new Set([
      ...assignments.flatMap(({ weights }) => Object.values(weights)),
      ...(pairs?.formats ?? []),
    ]),
  ],
  determining: ({ assignments, pairs }) => ({ assignments, pairs }),
};
