import { connectDatabase } from '@layersense/database';
import type { Logger } from 'pino';
import type { WorkerConfig } from './config.js';
import { createSensitivityWorker, type SensitivityWorker } from './sensitivity-worker.js';
import { runStoredJobs } from './stored-job.js';

/**
 * A worker with a database connection of its own; it computes one job at a time.
 *
 * @throws LayersenseError `queue_unavailable`
 */
export async function startWorker(
  config: WorkerConfig,
  logger: Logger,
): Promise<SensitivityWorker> {
  const database = connectDatabase(config.databaseUrl);
  try {
    const runJob = runStoredJobs(database, config);
    const worker = await createSensitivityWorker({ ...config, database, runJob, logger });
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
