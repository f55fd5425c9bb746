export { ShardReport } from './compute-facts.js';
export {
  type ComputationKey,
  type FinishedBatches,
  type JobServices,
  noFinishedBatches,
  type PlanChange,
  type StoredRun,
} from './job-services.js';
export { registerComputation } from './methods/index.js';
export type { MethodComputation, Scored } from './methods/method-computation.js';
export { SpillFolders } from './plans/spill-folders.js';
export { WarmCompute } from './plans/warm-compute.js';
export type { ProgressSink } from './progress-reporter.js';
export { type EarlierRuns, givenRun } from './reuse/earlier-runs.js';
export { runSensitivityJob } from './run-sensitivity-job.js';
export { runShard } from './run-shard.js';
export { type JobFailure, toJobFailure } from './to-job-failure.js';
