import type { RunJob } from '../delivery/process-job.js';

/** What a test lets happen in an attempt. */
export type Attempt = (...given: Parameters<RunJob>) => Promise<unknown>;

/** The attempt as the worker takes it: what was computed has ended, the job or its shard. */
export function endingWith(attempt: Attempt): RunJob {
  return async (work, context) => {
    await attempt(work, context);
    return work.shard === undefined ? 'job' : 'shard';
  };
}
