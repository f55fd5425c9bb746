import { z } from 'zod';

/** The one queue: it says "look at this job" and nothing else; PostgreSQL holds the truth. */
export const SENSITIVITY_QUEUE = 'sensitivity';

export const SensitivityJobPayload = z.strictObject({ jobId: z.string().min(1) });
export type SensitivityJobPayload = z.infer<typeof SensitivityJobPayload>;
