import { Device } from '@layersense/contracts';
import { z } from 'zod';

/** What examples were computed with, under the names that the run's record has for it. */
export const ComputeFacts = z.object({
  /** What `auto` turned out to be; null where no batch was left to compute. */
  device: Device.nullable(),
  plan: z.string(),
  plan_reason: z.string(),
  estimated_memory_bytes: z.number(),
  peak_memory_bytes: z.number(),
  arithmetic: z.string(),
  onnxruntime: z.string(),
});
export type ComputeFacts = z.infer<typeof ComputeFacts>;

/** What a shard tells the job's end; without facts where all it had was known already. */
export const ShardReport = z.object({ seconds: z.number(), facts: ComputeFacts.optional() });
export type ShardReport = z.infer<typeof ShardReport>;

/** The facts of a computation on several workers: the most that one of them needed. */
export function jointFacts(facts: readonly ComputeFacts[]): ComputeFacts | undefined {
  const [first] = facts;
  if (first === undefined || facts.length === 1) return first;
  const each = (of: (one: ComputeFacts) => string) => [...new Set(facts.map(of))].join(', ');
  const devices = each(({ device }) => device ?? 'no device');
  return {
    ...first,
    plan: each(({ plan }) => plan),
    plan_reason: `${facts.length} computations on ${devices}; the first: ${first.plan_reason}`,
    estimated_memory_bytes: Math.max(...facts.map((one) => one.estimated_memory_bytes)),
    peak_memory_bytes: Math.max(...facts.map((one) => one.peak_memory_bytes)),
    arithmetic: each(({ arithmetic }) => arithmetic),
    onnxruntime: each(({ onnxruntime }) => onnxruntime),
  };
}
