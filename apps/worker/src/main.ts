import { redactSecrets } from '@layersense/contracts';
import { logTraceIds, startTracing } from '@layersense/telemetry';
import closeWithGrace from 'close-with-grace';
import { pino } from 'pino';
import { loadConfig } from './config.js';
import { startWorker } from './start-worker.js';

const config = loadConfig();
const logger = pino({
  level: config.logLevel,
  name: 'layersense-worker',
  mixin: logTraceIds,
  hooks: { streamWrite: redactSecrets },
});
const tracing = await startTracing({
  service: 'layersense-worker',
  endpoint: config.collectorUrl,
});
const worker = await startWorker(config, logger);
logger.info({ queue: new URL(config.queue.url).protocol }, 'waiting for jobs');

closeWithGrace({ delay: config.shutdownMs, logger }, async ({ err, signal }) => {
  if (err) logger.fatal({ err }, 'stopping after an unexpected error');
  else logger.info({ signal }, 'stopping: the job in hand goes back to the queue');
  await worker.stop();
  await tracing.stop();
});
