import { inject } from 'vitest';
import { connectDatabase, type Database } from '../connect-database.js';
import { startEmbeddedPostgres } from '../embedded/start-embedded-postgres.js';
import { migrate } from '../migrations/migrate.js';
import { type CreatedDatabase, createDatabase } from '../server-databases.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** Where the test run keeps its PostgreSQL; the global setup provides it. */
    postgresFolder: string;
  }
}

/** An empty database on the test run's server. `freshDatabase` of the testing package is for others. */
export async function emptyDatabase(): Promise<CreatedDatabase> {
  const { url } = await startEmbeddedPostgres({ folder: inject('postgresFolder') });
  return await createDatabase(url, 'test');
}

export interface TestDatabase extends Database {
  readonly url: string;
}

/** A migrated database with its repositories; closing removes it. */
export async function openTestDatabase(): Promise<TestDatabase> {
  const { url, drop } = await emptyDatabase();
  await migrate(url);
  const database = connectDatabase(url);
  return {
    ...database,
    url,
    close: async () => {
      await database.close();
      await drop();
    },
  };
}
