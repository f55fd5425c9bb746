import { connectDatabase, type Database } from '@layersense/database';
import { freshDatabase } from '@layersense/testing';
import { pino } from 'pino';
import { buildApp } from '../app.js';
import type { App } from '../app-context.js';
import { createJobQueue } from '../queue/job-queue.js';

export interface TestApp {
  app: App;
  database: Database;
  databaseUrl: string;
  close(): Promise<void>;
}

export interface TestAppOptions {
  /** The fresh database's own queue when absent. */
  queueUrl?: string;
  allowedRoots?: readonly string[];
  bodyLimitBytes?: number;
}

/** The real app on a database of its own. */
export async function testApp(options: TestAppOptions = {}): Promise<TestApp> {
  const { url: databaseUrl, drop } = await freshDatabase();
  const database = connectDatabase(databaseUrl);
  const queue = createJobQueue({
    url: options.queueUrl ?? databaseUrl,
    onError: () => undefined,
  });
  const app = await buildApp({
    database,
    queue,
    logger: pino({ level: 'silent' }),
    config: {
      allowedRoots: options.allowedRoots ?? [],
      bodyLimitBytes: options.bodyLimitBytes ?? 8_388_608,
    },
  });
  return {
    app,
    database,
    databaseUrl,
    close: async () => {
      await app.close();
      await queue.close();
      await database.close();
      await drop();
    },
  };
}
