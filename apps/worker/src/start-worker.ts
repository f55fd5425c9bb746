import { LayersenseError } from '@layersense/contracts';
import { connectDatabase, type Database } from '@layersense/database';
import { keptFolder } from '@layersense/model-source';
import { SpillFolders, WarmCompute } from '@layersense/scoring';
import type { Logger } from 'pino';
import type { WorkerConfig } from './config.js';
import { createSensitivityWorker, type SensitivityWorker } from './delivery/sensitivity-worker.js';
import { lockGpu } from './gpu-lock.js';
import { runStoredJobs } from './stored/stored-job.js';
import { startHealthServer } from './telemetry/health-server.js';
import { recordComputeCalls } from './telemetry/job-phases.js';
import { WorkerMetrics } from './telemetry/worker-metrics.js';

/**
 * A worker with a database connection of its own; it computes one job at a time.
 *
 * @throws LayersenseError `queue_unavailable`, `device_unavailable` where another worker has the GPU
 */
export async function startWorker(
  config: WorkerConfig,
  logger: Logger,
  { once = false } = {},
): Promise<SensitivityWorker> {
  const database = connectDatabase(config.databaseUrl);
  const metrics = new WorkerMetrics();
  const stops = [recordComputeCalls(), () => database.close()];
  const stop = async () => {
    for (const step of stops.splice(0).toReversed()) await step();
  };
  try {
    for (const gpu of config.gpus) stops.push((await lockGpu(gpu)).release);
    const spill = new SpillFolders(config.spillFolder);
    const compute = new WarmCompute((found) => metrics.countLookup('session', found));
    stops.push(() => compute.stop());
    const services = { ...config, compute, keptFolder: keptFolder(config.hub) };
    const worker = await createSensitivityWorker({
      ...config,
      once,
      database,
      runJob: runStoredJobs(database, services, spill, metrics),
      metrics,
      logger,
      tidy: () => spill.sweep((jobId) => isOver(database, jobId)),
    });
    stops.push(() => worker.stop());
    if (config.health) {
      const { registry } = metrics;
      const health = await startHealthServer({ ...config.health, registry, ready: worker.ready });
      stops.push(() => health.close());
      logger.info({ url: health.url }, 'health and metrics');
    }
    return { ready: worker.ready, ended: worker.ended, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Of a job that this database does not know, nothing is known. */
async function isOver({ jobs }: Database, jobId: string): Promise<boolean> {
  try {
    return ['succeeded', 'failed', 'canceled'].includes((await jobs.get(jobId)).status);
  } catch (error) {
    if (error instanceof LayersenseError && error.code === 'not_found') return false;
    throw error;
  }
}
