import { type CreatedDatabase, createDatabase, migrate } from '@layersense/database';
import { testServer } from './fresh-database-server.js';

/**
 * A migrated database that nobody else uses. Its server is the one given, otherwise the bundled
 * PostgreSQL, which the first call of a test run starts and the end of the run stops.
 */
export async function freshDatabase(serverUrl?: string): Promise<CreatedDatabase> {
  const database = await createDatabase(serverUrl ?? (await testServer()), 'test');
  await migrate(database.url);
  return database;
}
