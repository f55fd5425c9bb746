import { LayersenseError } from '@layersense/contracts';
import { Pool } from 'pg';
import { type ApiKeysRepository, createApiKeysRepository } from './api-keys/api-keys-repository.js';
import { withDatabaseErrors } from './database-error.js';
import { createJobsRepository, type JobsRepository } from './jobs/jobs-repository.js';
import { findPendingMigrations } from './migrations/migrate.js';
import { createPrismaClient } from './prisma-client.js';
import { type Catalogue, createCatalogue } from './runs/catalogue.js';
import { createRunsRepository, type RunsRepository } from './runs/runs-repository.js';
import { createScoresRepository, type ScoresRepository } from './scores/scores-repository.js';
import { createWebhookDeliveries, type WebhookDeliveries } from './webhooks/webhook-deliveries.js';

/** Everything but `close` rejects with `database_unavailable` while the server cannot be used. */
export interface Database {
  readonly jobs: JobsRepository;
  readonly runs: RunsRepository;
  readonly scores: ScoresRepository;
  readonly catalogue: Catalogue;
  readonly apiKeys: ApiKeysRepository;
  readonly webhooks: WebhookDeliveries;
  ping(): Promise<void>;
  /** @throws database_unavailable when the server is away or lacks migrations, which it names */
  assertReady(): Promise<void>;
  close(): Promise<void>;
}

export interface ConnectOptions {
  /** Connections at most; they are opened as needed. */
  readonly connections?: number;
}

/** Opens nothing yet: the first call does, so a server that is away is an error there. */
export function connectDatabase(url: string, { connections = 5 }: ConnectOptions = {}): Database {
  const pool = new Pool({
    connectionString: url,
    max: connections,
    connectionTimeoutMillis: 5000,
    application_name: 'layersense',
  });
  // An idle connection that breaks is replaced on next use; unheard, the event ends the process.
  pool.on('error', () => undefined);
  const prisma = createPrismaClient(pool);
  const service = withDatabaseErrors({
    ping: async () => {
      await prisma.$queryRaw`SELECT 1`;
    },
    assertReady: async () => {
      const pending = await findPendingMigrations(pool);
      if (pending.length === 0) return;
      throw new LayersenseError(
        'database_unavailable',
        `The database lacks ${pending.length} migrations. Run \`layersense migrate\`.`,
        { pending },
      );
    },
  });
  return {
    jobs: withDatabaseErrors(createJobsRepository(prisma)),
    runs: withDatabaseErrors(createRunsRepository(prisma)),
    scores: withDatabaseErrors(createScoresRepository(prisma)),
    catalogue: withDatabaseErrors(createCatalogue(prisma)),
    apiKeys: withDatabaseErrors(createApiKeysRepository(prisma)),
    webhooks: withDatabaseErrors(createWebhookDeliveries(prisma)),
    ...service,
    close: async () => {
      await prisma.$disconnect();
      await pool.end();
    },
  };
}
