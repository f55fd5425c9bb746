export * from './api.js';
export * from './canonical-json.js';
export * from './error-codes.js';
export * from './job.js';
export * from './layer-name.js';
export * from './problem.js';
export * from './queues.js';
export * from './score.js';
