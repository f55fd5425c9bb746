import { z } from 'zod';
import { FisherSpec, type SettledFisherJobSpec } from './methods/fisher.js';
import { type MagnitudeJobSpec, MagnitudeSpec } from './methods/magnitude.js';

export const methods = ['fisher', 'magnitude'] as const;
export const Method = z.enum(methods).meta({ id: 'Method' });
export type Method = z.infer<typeof Method>;

/** What one job computes, complete with defaults. Stored with the job and with its run. */
export const JobSpec = z
  .discriminatedUnion('method', [FisherSpec, MagnitudeSpec])
  .meta({ id: 'JobSpec' });
export type JobSpec = z.infer<typeof JobSpec>;
/** A spec that says all that its numbers depend on. */
export type SettledJobSpec = SettledFisherJobSpec | MagnitudeJobSpec;
