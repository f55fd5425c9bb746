import { LayersenseError, type Problem, toProblem } from '@layersense/contracts';

export interface JobFailure {
  problem: Problem;
  /** Whether the same job may succeed on another attempt; attempts are counted elsewhere. */
  retry: boolean;
}

/** The one place that decides what an error means for a job: its problem, and if it is retried. */
export function toJobFailure(thrown: unknown): JobFailure {
  const error = explain(thrown);
  return { problem: toProblem(error), retry: error.retryable };
}

function explain(thrown: unknown): LayersenseError {
  if (thrown instanceof LayersenseError) return thrown;
  if (isAllocationFailure(thrown)) return outOfMemory(thrown);
  // The words of an unexpected error may hold anything, so they go to the log alone.
  return new LayersenseError(
    'internal',
    "An unexpected error ended the job. The worker's log has it under the job's id.",
    {},
    { cause: thrown },
  );
}

/** V8 reports a buffer that it cannot allocate as a RangeError. */
const isAllocationFailure = (thrown: unknown): thrown is RangeError =>
  thrown instanceof RangeError && /allocation failed/.test(thrown.message);

const outOfMemory = (cause: RangeError): LayersenseError =>
  new LayersenseError(
    'out_of_memory',
    `The worker could not allocate memory (${cause.message}). Lower batch_size or max_length, or give the worker more memory.`,
    {},
    { cause },
  );
