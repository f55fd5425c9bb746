import { connectDatabase } from '@layersense/database';
import { createJobQueue } from '@layersense/queue';
import { buildApp } from './app.js';
import { loadConfig } from './config.js';
import { createLogger } from './logger.js';

/** What `GET /openapi.json` answers, from an app that neither listens nor connects anywhere. */
export async function openApiDocument(): Promise<object> {
  const config = loadConfig({ DATABASE_URL: 'postgres://127.0.0.1:9/none' });
  const database = connectDatabase(config.databaseUrl);
  const queue = createJobQueue({ ...config.queue, onError: () => undefined });
  const app = await buildApp({ database, queue, config, logger: createLogger('silent') });
  try {
    await app.ready();
    return app.swagger();
  } finally {
    await app.close();
    await queue.close();
    await database.close();
  }
}
