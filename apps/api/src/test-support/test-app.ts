import { connectDatabase, type Database } from '@layersense/database';
import { createJobQueue } from '@layersense/queue';
import { freshDatabase } from '@layersense/testing';
import { pino } from 'pino';
import { buildApp } from '../app.js';
import type { App, AppConfig, AppDependencies } from '../app-context.js';
import { testConfig } from './test-config.js';

export interface TestApp {
  app: App;
  database: Database;
  databaseUrl: string;
  /** For a replica of the app. */
  dependencies: AppDependencies;
  close(): Promise<void>;
}

export interface TestAppOptions extends Partial<AppConfig> {
  /** The fresh database's own queue when absent. */
  queueUrl?: string;
}

/** The real app on a database of its own. */
export async function testApp({ queueUrl, ...config }: TestAppOptions = {}): Promise<TestApp> {
  const { url: databaseUrl, drop } = await freshDatabase();
  const database = connectDatabase(databaseUrl);
  const queue = createJobQueue({
    url: queueUrl ?? databaseUrl,
    onError: () => undefined,
  });
  const dependencies = {
    database,
    queue,
    logger: pino({ level: 'silent' }),
    config: testConfig(config),
  };
  const app = await buildApp(dependencies);
  return {
    app,
    dependencies,
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
