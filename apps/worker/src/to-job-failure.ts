import { LayersenseError, type Problem, toLayersenseError, toProblem } from '@layersense/contracts';

export interface JobFailure {
  problem: Problem;
  /** Whether the same job may succeed on another attempt; attempts are counted elsewhere. */
  retry: boolean;
}

/** The one place that decides what an error means for a job: its problem, and if it is retried. */
export function toJobFailure(thrown: unknown): JobFailure {
  const error = isAllocationFailure(thrown) ? outOfMemory(thrown) : toLayersenseError(thrown);
  return { problem: toProblem(error), retry: error.retryable };
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
