export { loadConfig as loadWorkerConfig, type WorkerConfig } from './config.js';
export { type EarlierRuns, givenRun } from './earlier-runs.js';
export {
  type CheckpointKey,
  type JobCheckpoint,
  type JobServices,
  noCheckpoint,
} from './job-services.js';
export type { ProgressSink } from './progress-reporter.js';
export { runSensitivityJob } from './run-sensitivity-job.js';
export type { SensitivityWorker } from './sensitivity-worker.js';
export { startWorker } from './start-worker.js';
export { WarmCompute } from './warm-compute.js';
