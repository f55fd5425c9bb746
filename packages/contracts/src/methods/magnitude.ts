import { z } from 'zod';
import { sharedFields } from '../spec-fields.js';
import { fixedMetrics, type ScoringMethod } from './scoring-method.js';

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
  version: '1',
  spec: MagnitudeSpec,
  params: MagnitudeParams,
  ...fixedMetrics('l1', 'l2_squared', 'mean_abs', 'max_abs'),
  definition: (_, { dequantized, leftOut = [] }) =>
    `l1 = Σ|w|, l2_squared = Σw², mean_abs = Σ|w|/numel, max_abs = max|w| over the elements w of the weight${dequantized > 0 ? '; an element of a weight stored as integers is (q − zero point)·scale' : ''}${leftOutClause(leftOut)}`,
  overExamples: false,
  nonFinite: 'non_finite_weight',
};

/** More patterns than any real model has would only make the sentence unreadable. */
const MAX_PATTERNS = 20;

/** The names with `*` for the number of a layer, each pattern with how many tensors it stands for. */
function leftOutClause(names: readonly string[]): string {
  if (names.length === 0) return '';
  const counts = new Map<string, number>();
  for (const name of names) {
    const pattern = name.replaceAll(/(?<=\.)\d+(?=\.)/g, '*');
    counts.set(pattern, (counts.get(pattern) ?? 0) + 1);
  }
  const patterns = [...counts].map(([pattern, count]) =>
    count > 1 ? `${pattern} (${count})` : pattern,
  );
  const rest = patterns.length - MAX_PATTERNS;
  const more = rest > 0 ? ` and ${rest} more` : '';
  return `; not scored, being no parameters of their own: ${patterns.slice(0, MAX_PATTERNS).join(', ')}${more}`;
}
