export { WarmCompute } from '@layersense/scoring';
export { loadConfig as loadWorkerConfig, type WorkerConfig } from './config.js';
export type { SensitivityWorker } from './delivery/sensitivity-worker.js';
export { startWorker } from './start-worker.js';
