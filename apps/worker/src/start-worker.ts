import { connectDatabase } from '@layersense/database';
import type { Logger } from 'pino';
import type { WorkerConfig } from './config.js';
import type { RunJob } from './process-job.js';
import { createSensitivityWorker, type SensitivityWorker } from './sensitivity-worker.js';

/** A worker with a database connection of its own. `runJob` gets the database from `prepare`. */
export async function startWorker(
  config: WorkerConfig,
  runJobWith: (database: ReturnType<typeof connectDatabase>) => RunJob,
  logger: Logger,
): Promise<SensitivityWorker> {
  const database = connectDatabase(config.databaseUrl);
  try {
    const worker = await createSensitivityWorker({
      ...config,
      database,
      runJob: runJobWith(database),
      logger,
    });
    return {
      stop: async () => {
        await worker.stop();
        await database.close();
      },
    };
  } catch (error) {
    await database.close();
    throw error;
  }
}
