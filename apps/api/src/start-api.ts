import { connectDatabase } from '@layersense/database';
import { createJobQueue, isRedis } from '@layersense/queue';
import type { Logger } from 'pino';
import { assertMayListen } from './access/exposure.js';
import { buildApp } from './app.js';
import type { ApiConfig } from './config.js';
import { startWebhookLoop } from './webhooks/webhook-loop.js';

export interface RunningApi {
  /** Where it listens, for example `http://127.0.0.1:8080`. */
  url: string;
  /** Finishes open requests, then closes the connections to queue and database. */
  stop(): Promise<void>;
}

/** Connects and listens. Database and queue may come later: `/readyz` tells until then. */
export async function startApi(config: ApiConfig, logger: Logger): Promise<RunningApi> {
  const database = connectDatabase(config.databaseUrl);
  const queue = createJobQueue({
    ...config.queue,
    onError: (error) => logger.warn({ err: error }, 'queue connection'),
  });
  await assertMayListen(config, database, logger).catch(async (error: unknown) => {
    await database.close();
    throw error;
  });
  const counters = isRedis(config.queue.url) ? config.queue : undefined;
  const app = await buildApp({ database, queue, config, logger, counters });
  const webhooks = startWebhookLoop({ database, send: config.webhooks, logger });
  const stop = async () => {
    await app.close();
    await webhooks.stop();
    await queue.close();
    await database.close();
  };
  try {
    const url = await app.listen({ host: config.host, port: config.port });
    return { url, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
