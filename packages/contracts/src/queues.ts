import { z } from 'zod';

/** The one queue: it says "look at this job" and nothing else; PostgreSQL holds the truth. */
export const SENSITIVITY_QUEUE = 'sensitivity';

export const SensitivityJobPayload = z.strictObject({ jobId: z.string().min(1) });
export type SensitivityJobPayload = z.infer<typeof SensitivityJobPayload>;

/**
 * How the queue treats every entry. One delivery and no memory: retries are decided on the job's
 * row, and an id that the queue still remembered as finished could not be added again.
 */
export const SENSITIVITY_JOB_OPTIONS = {
  attempts: 1,
  removeOnComplete: true,
  removeOnFail: true,
} as const;
