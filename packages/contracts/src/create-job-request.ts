import { z } from 'zod';
import type { JobSpec } from './job-spec.js';
import { scoringMethods } from './methods/index.js';
import type { ScoringMethod } from './methods/scoring-method.js';

const MOST_SHARDS = 256;

export const Metadata = z
  .record(z.string().min(1).max(64), z.string().max(512))
  .refine((metadata) => Object.keys(metadata).length <= 16, 'at most 16 entries');

/** What a request says beside what it computes. */
const besideSpec = {
  metadata: Metadata.default({}),
  force: z
    .boolean()
    .default(false)
    .describe('compute even where a stored run has the same numbers'),
  webhook_url: z
    .url({ protocol: /^https?$/, error: 'must be an https: URL' })
    .max(2048)
    .optional()
    .describe('is told when the job has ended'),
};

/** How a job is to be computed: nothing here changes a number, so nothing of it is in the spec. */
const scheduling = {
  priority: z
    .number()
    .int()
    .min(-10)
    .max(10)
    .default(0)
    .describe('jobs of a higher priority are taken from the queue first'),
  timeout_seconds: z
    .number()
    .int()
    .min(1)
    .max(604_800)
    .optional()
    .describe('the longest that one attempt may take; the worker has a limit of its own'),
};

const shards = z
  .number()
  .int()
  .min(1)
  .max(MOST_SHARDS)
  .default(1)
  .describe('over how many workers at most the examples are divided; not with `until`');

/** `POST /jobs`: a job spec with how to run it and metadata of the caller's own beside it. */
export interface CreateJobRequest extends JobSpec {
  readonly metadata: z.infer<typeof Metadata>;
  readonly force: boolean;
  readonly webhook_url?: string | undefined;
  readonly priority: number;
  readonly timeout_seconds?: number | undefined;
  /** Of methods over examples. */
  readonly shards?: number | undefined;
}

function requestOf({ spec, overExamples, refusal }: ScoringMethod) {
  const request = spec.extend({ ...besideSpec, ...scheduling });
  const divisible = overExamples ? request.extend({ shards }) : request;
  if (refusal === undefined) return divisible;
  const { path, message } = refusal;
  return divisible.refine((asked: CreateJobRequest) => !refusal.refuses(asked), {
    path: [...path],
    message,
  });
}

export const CreateJobRequest: z.ZodType<CreateJobRequest> = z
  .lazy(() => {
    const [first, ...others] = scoringMethods();
    return z.discriminatedUnion('method', [requestOf(first), ...others.map(requestOf)]);
  })
  .meta({
    id: 'CreateJobRequest',
    examples: [
      {
        model: 'Qwen/Qwen2.5-Math-1.5B-Instruct',
        method: 'fisher',
        dataset: 'gsm8k',
        params: { examples: 64, max_length: 512 },
        metadata: { ticket: 'Q-17' },
      },
      { model: 'Qwen/Qwen2.5-0.5B', method: 'magnitude' },
    ],
  });
