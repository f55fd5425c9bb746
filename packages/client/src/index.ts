export { type ClientOptions, LayersenseClient, type WaitOptions } from './layersense-client.js';
export { type Problem, ServiceError } from './service-error.js';
export type {
  CreateJobRequest,
  Job,
  Progress,
  Run,
  ScoreReport,
  ScoresQuery,
  StoredScores,
} from './types.js';
