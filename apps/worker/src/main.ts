import { parseArgs } from 'node:util';
import { redactSecrets } from '@layersense/contracts';
import { logTraceIds, startTracing } from '@layersense/telemetry';
import closeWithGrace from 'close-with-grace';
import { pino } from 'pino';
import { loadConfig } from './config.js';
import { startWorker } from './start-worker.js';

// `--once`: one job or shard, and the process ends.
const { once } = parseArgs({ options: { once: { type: 'boolean', default: false } } }).values;
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
const worker = await startWorker(config, logger, { once });
logger.info({ queue: new URL(config.queue.url).protocol, once }, 'waiting for jobs');

let stopping = false;
const closing = closeWithGrace({ delay: config.shutdownMs, logger }, async ({ err, signal }) => {
  stopping = true;
  if (err) logger.fatal({ err }, 'stopping after an unexpected error');
  else if (signal) logger.info({ signal }, 'stopping: the job in hand goes back to the queue');
  else logger.info('stopping: one delivery was all, or none came');
  await worker.stop();
  await tracing.stop();
});
if (once) {
  await worker.ended;
  // A signal may have ended it, and is at it still.
  if (!stopping) closing.close();
}
