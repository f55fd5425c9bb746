import { z } from 'zod';
import { sharedFields } from '../spec-fields.js';
import { FormatNames, metricsPerFormat, ParameterGlobs } from './named-formats.js';
import type { ScoringMethod } from './scoring-method.js';
import { weightsClauses } from './weights-clauses.js';

/** Format error is data-free: which formats, and of which matrices. */
export const FormatErrorParams = z
  .strictObject({ formats: FormatNames, parameters: ParameterGlobs.optional() })
  .meta({ id: 'FormatErrorParams' });

export const FormatErrorSpec = z.strictObject({
  ...sharedFields,
  method: z.literal('format_error'),
  params: FormatErrorParams,
});

export type FormatErrorJobSpec = z.infer<typeof FormatErrorSpec>;

/** What is measured of each format: docs/maths.md, "Format errors". */
export const formatErrorMetrics = metricsPerFormat([
  'squared_error',
  'relative_error',
  'zero_collapse',
  'largest_channel_error',
  'bits_per_weight',
]);

/** What numeric formats make of the weights themselves. */
export const formatError: ScoringMethod = {
  name: 'format_error',
  version: '1',
  spec: FormatErrorSpec,
  params: FormatErrorParams,
  example: { formats: ['int4_g32', 'int8_channel'] },
  metrics: ({ params: { formats } }: FormatErrorJobSpec) => formatErrorMetrics.metricsOf(formats),
  hasMetric: formatErrorMetrics.hasMetric,
  metricNames: formatErrorMetrics.metricNames,
  definition: ({ params: { formats } }: FormatErrorJobSpec, weights) =>
    `of the formats ${formats.join(', ')}, with ΔW = Ŵ − W and Ŵ the matrix W in the format: squared_error = ‖ΔW‖²_F, relative_error = ‖ΔW‖_F/‖W‖_F, zero_collapse = the share of the elements of W other than zero whose Ŵ is zero, largest_channel_error = the largest sum of ΔW² over an output's inputs, bits_per_weight counts scales and zero points; groups run along the inputs${weights.dequantized > 0 ? '; W is the dequantised matrix where integers are stored' : ''}${weightsClauses(weights)}`,
  overExamples: false,
  nonFinite: 'non_finite_weight',
  formats: ({ params: { formats } }: FormatErrorJobSpec) => formats,
  determining: ({ formats, parameters }) => ({ formats, ...(parameters ? { parameters } : {}) }),
};
