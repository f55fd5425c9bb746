import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { LayersenseError } from '@layersense/contracts';
import {
  connectDatabase,
  type Database,
  migrate,
  startEmbeddedPostgres,
} from '@layersense/database';

export interface ServiceDatabaseOptions {
  readonly dataFolder: string | undefined;
  readonly environment: NodeJS.ProcessEnv;
  /** Whether a data folder that is not there yet is made, instead of refused. */
  readonly create: boolean;
}

/**
 * Works on the database that `layersense serve` has with the same settings, whether it runs or not.
 *
 * @throws LayersenseError `database_unavailable`
 */
export async function withServiceDatabase<Result>(
  options: ServiceDatabaseOptions,
  work: (database: Database) => Promise<Result>,
): Promise<Result> {
  const server = await serverOf(options);
  try {
    await migrate(server.url);
    const database = connectDatabase(server.url, { connections: 1 });
    return await work(database).finally(() => database.close());
  } finally {
    await server.stop();
  }
}

async function serverOf({ dataFolder, environment, create }: ServiceDatabaseOptions) {
  const url = environment.DATABASE_URL;
  if (url) return { url, stop: () => Promise.resolve() };
  const folder = resolve(dataFolder ?? '.layersense');
  if (!create && !existsSync(folder)) {
    throw new LayersenseError(
      'database_unavailable',
      `There is no ${folder}. Name the folder of layersense serve with --data-folder, or set DATABASE_URL.`,
    );
  }
  return await startEmbeddedPostgres({ folder });
}
