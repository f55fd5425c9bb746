/*
 * What computes scores in the process that asks for them, without queue and database. Apart from
 * index.ts, whose PostgreSQL and Redis clients take 30 MB that a model may need.
 */
export { type EarlierRuns, givenRun } from './earlier-runs.js';
export {
  type CheckpointKey,
  type JobCheckpoint,
  type JobServices,
  noCheckpoint,
} from './job-services.js';
export type { ProgressSink } from './progress-reporter.js';
export { runSensitivityJob } from './run-sensitivity-job.js';
