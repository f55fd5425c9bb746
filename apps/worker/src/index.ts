export { loadConfig as loadWorkerConfig, type WorkerConfig } from './config.js';
export type { SensitivityWorker } from './sensitivity-worker.js';
export { startWorker } from './start-worker.js';
export { WarmCompute } from './warm-compute.js';
