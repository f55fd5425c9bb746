import { z } from 'zod';

/** Which examples a method is computed on, and in what pieces. */
export const exampleFields = {
  examples: z.number().int().min(1).max(1_000_000).default(64).describe('how many are drawn'),
  skip_examples: z
    .number()
    .int()
    .min(1)
    .max(1_000_000)
    .optional()
    .describe('leave out so many of the first drawn'),
  max_length: z.number().int().min(2).max(1_048_576).default(2048),
  seed: z.number().int().min(0).max(0xffff_ffff).default(42),
  batch_size: z.number().int().min(1).max(4096).optional(),
  mask_probability: z
    .number()
    .gt(0)
    .max(1)
    .optional()
    .describe('masked language models: share of the tokens that are masked; 0.15 when absent'),
  memory_limit_bytes: z
    .number()
    .int()
    .min(1)
    .max(Number.MAX_SAFE_INTEGER)
    .optional()
    .describe(
      'what the computation may take in memory; four fifths of what is available when absent',
    ),
};
