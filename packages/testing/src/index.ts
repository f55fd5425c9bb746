export { checkPullback, checkVjp, type VjpCase, type VjpHarness } from './check-vjp.js';
export type { CaseInput, Differentiate, PullbackCase } from './check-vjp-model.js';
export { exampleReport } from './example-report.js';
export { freshDatabase } from './fresh-database.js';
export { testServer } from './fresh-database-server.js';
export { type HubFault, type HubRequest, type HubServer, startHubServer } from './hub-server.js';
export { type CollectedSpan, type OtlpCollector, startOtlpCollector } from './otlp-collector.js';
export { prometheusSamples } from './prometheus-samples.js';
export { type RedisServer, redisServerAvailable, startRedisServer } from './redis-server.js';
