import { z } from 'zod';

export const Loss = z.enum([
  'token-mean',
  'sequence-sum',
  'masked-token-mean',
  'masked-token-sum',
  'class',
]);
export type Loss = z.infer<typeof Loss>;

/** What a model predicts, and the losses that such a model has; the first where none is asked for. */
export const lossesOf = {
  'causal-lm': ['token-mean', 'sequence-sum'],
  'masked-lm': ['masked-token-mean', 'masked-token-sum'],
  'sequence-classification': ['class'],
} as const satisfies Readonly<Record<string, readonly [Loss, ...Loss[]]>>;
export type ModelTask = keyof typeof lossesOf;

/** Share of the tokens that are masked where the request does not say: BERT's. */
export const MASK_PROBABILITY = 0.15;

export const Labels = z.enum(['data', 'model']);
export type Labels = z.infer<typeof Labels>;
