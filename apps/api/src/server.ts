import { startTracing } from '@layersense/telemetry';
import closeWithGrace from 'close-with-grace';
import { loadConfig } from './config.js';
import { createLogger } from './logger.js';
import { startApi } from './start-api.js';

const config = loadConfig();
const logger = createLogger(config.logLevel);
const tracing = await startTracing({ service: 'layersense-api', endpoint: config.collectorUrl });
const api = await startApi(config, logger);

closeWithGrace({ delay: 10_000, logger }, async ({ signal, err }) => {
  if (err) logger.error({ err }, 'stopping after an error');
  else logger.info({ signal }, 'stopping');
  await api.stop();
  await tracing.stop();
});
