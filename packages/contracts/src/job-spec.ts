import { z } from 'zod';
import { scoringMethods } from './methods/index.js';
import type { AnyJobSpec } from './spec-fields.js';

/** The name of a scoring method. */
export const Method = z
  .lazy(() => z.enum(scoringMethods().map(({ name }) => name)))
  .meta({ id: 'Method' });
export type Method = z.infer<typeof Method>;

/** What one job computes, complete with defaults. Stored with the job and with its run. */
export type JobSpec = AnyJobSpec;
export const JobSpec: z.ZodType<JobSpec> = z
  .lazy(() => {
    const [first, ...others] = scoringMethods();
    return z.discriminatedUnion('method', [first.spec, ...others.map(({ spec }) => spec)]);
  })
  .meta({ id: 'JobSpec' });
