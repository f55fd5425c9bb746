export type { ApiKeysRepository, NewApiKey } from './api-keys/api-keys-repository.js';
export { type ConnectOptions, connectDatabase, type Database } from './connect-database.js';
export {
  type EmbeddedPostgres,
  type EmbeddedPostgresOptions,
  startEmbeddedPostgres,
  stopEmbeddedPostgres,
} from './embedded/start-embedded-postgres.js';
export type { IdempotencyKey } from './jobs/idempotency-keys.js';
export type { BatchLayout, FinishedBatch } from './jobs/job-batches.js';
export type { CreatedJob, NewJob } from './jobs/job-creation.js';
export type { JobPage } from './jobs/job-lists.js';
export type { StartedShard } from './jobs/job-shards.js';
export type { JobEventType, JobTransition } from './jobs/job-transitions.js';
export type { JobsRepository } from './jobs/jobs-repository.js';
export { findPendingMigrations, migrate } from './migrations/migrate.js';
export type { Catalogue } from './runs/catalogue.js';
export type { RunsRepository } from './runs/runs-repository.js';
export type { NewReport, NewRun } from './runs/save-run.js';
export type { ScoresRepository } from './scores/scores-repository.js';
export { type CreatedDatabase, createDatabase } from './server-databases.js';
export type {
  AttemptOutcome,
  DueDelivery,
  WebhookDeliveries,
} from './webhooks/webhook-deliveries.js';
