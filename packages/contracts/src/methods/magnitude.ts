import { z } from 'zod';
import { sharedFields } from '../spec-fields.js';

/** Magnitude is data-free: it has no parameters. */
export const MagnitudeParams = z.strictObject({}).meta({ id: 'MagnitudeParams' });

export const MagnitudeSpec = z.strictObject({
  ...sharedFields,
  method: z.literal('magnitude'),
  params: MagnitudeParams.prefault({}),
});

export type MagnitudeJobSpec = z.infer<typeof MagnitudeSpec>;
