import { z } from 'zod';
import { sharedFields } from '../spec-fields.js';
import { fixedMetrics, type ScoringMethod } from './scoring-method.js';
import { weightsClauses } from './weights-clauses.js';

/** Magnitude is data-free: it has no parameters. */
export const MagnitudeParams = z.strictObject({}).meta({ id: 'MagnitudeParams' });

export const MagnitudeSpec = z.strictObject({
  ...sharedFields,
  method: z.literal('magnitude'),
  params: MagnitudeParams.prefault({}),
});

export type MagnitudeJobSpec = z.infer<typeof MagnitudeSpec>;

/** Norms of the weights themselves. */
export const magnitude: ScoringMethod = {
  name: 'magnitude',
  version: '2',
  spec: MagnitudeSpec,
  params: MagnitudeParams,
  ...fixedMetrics('l1', 'l2_squared', 'mean_abs', 'max_abs'),
  definition: (_, weights) =>
    `l1 = Σ|w|, l2_squared = Σw², mean_abs = Σ|w|/numel, max_abs = max|w| over the elements w of the weight${weights.dequantized > 0 ? '; an element of a weight stored as integers is (q − zero point)·scale' : ''}${weightsClauses(weights)}`,
  overExamples: false,
  nonFinite: 'non_finite_weight',
};
