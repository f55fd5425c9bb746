export type { ApiKeysRepository, NewApiKey } from './api-keys/api-keys-repository.js';
export type { Catalogue } from './catalogue.js';
export { type ConnectOptions, connectDatabase, type Database } from './connect-database.js';
export {
  type EmbeddedPostgres,
  type EmbeddedPostgresOptions,
  startEmbeddedPostgres,
  stopEmbeddedPostgres,
} from './embedded/start-embedded-postgres.js';
export type { IdempotencyKey } from './idempotency-keys.js';
export type { CheckpointBatch, CheckpointLayout } from './job-checkpoints.js';
export type { CreatedJob, NewJob } from './job-creation.js';
export type { JobPage } from './job-lists.js';
export type { StartedShard } from './job-shards.js';
export type { JobEventType, JobTransition } from './job-transitions.js';
export type { JobsRepository } from './jobs-repository.js';
export { findPendingMigrations, migrate } from './migrate.js';
export type { RunsRepository } from './runs-repository.js';
export type { NewReport, NewRun } from './save-run.js';
export type { ScoresRepository } from './scores-repository.js';
export { type CreatedDatabase, createDatabase } from './server-databases.js';
export type {
  AttemptOutcome,
  DueDelivery,
  WebhookDeliveries,
} from './webhooks/webhook-deliveries.js';
