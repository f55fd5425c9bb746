import { delimiter, join } from 'node:path';
import { loadApiConfig, startApi } from '@layersense/api';
import { migrate, startEmbeddedPostgres } from '@layersense/database';
import { loadWorkerConfig, startWorker } from '@layersense/worker';
import type { Logger } from 'pino';
import { UsageError } from './usage-error.js';

export interface ServiceOptions {
  /** Of the bundled PostgreSQL, which runs unless the environment has a DATABASE_URL. */
  readonly dataFolder: string;
  readonly host: string;
  readonly port: number;
  /** Folders whose models and datasets requests may name by path. */
  readonly roots: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
}

export interface Service {
  readonly url: string;
  /** Whether the data is in `dataFolder`. */
  readonly embedded: boolean;
  /** Stops API, worker and PostgreSQL, in this order; a job in hand goes back to the queue. */
  stop(): Promise<void>;
}

/** Starts database, worker and API in this process. What had started is stopped again on failure. */
export async function startService(options: ServiceOptions, logger: Logger): Promise<Service> {
  const stops: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    for (const step of stops.splice(0).toReversed()) await step();
  };
  try {
    const embedded = !options.environment.DATABASE_URL;
    const environment = { ...options.environment, ...settings(options) };
    if (embedded) {
      const postgres = await startEmbeddedPostgres({ folder: options.dataFolder });
      stops.push(() => postgres.stop());
      environment.DATABASE_URL = postgres.url;
    }
    const worker = loadWorkerConfig(environment);
    await migrate(worker.databaseUrl);
    const consumer = await startWorker(worker, logger);
    stops.push(() => consumer.stop());
    const api = await startApi(loadApiConfig(environment), logger).catch((error: unknown) => {
      throw explainListenError(error, options);
    });
    stops.push(() => api.stop());
    return { url: api.url, embedded, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** What stands in the way of listening is about the address, and a flag changes that. */
function explainListenError(error: unknown, { host, port }: ServiceOptions): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'EADDRINUSE') {
    return new UsageError(
      `Port ${port} of ${host} is taken. Choose another with --port; 0 finds one.`,
    );
  }
  if (code === 'EACCES' || code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
    return new UsageError(
      `Cannot listen on port ${port} of ${host} (${code}). Change --host or --port.`,
    );
  }
  return error;
}

function settings(options: ServiceOptions): Record<string, string> {
  const { dataFolder, environment, host, port, roots } = options;
  return {
    HOST: host,
    PORT: String(port),
    ALLOWED_ROOTS: roots.join(delimiter),
    // Beside the data, so that whoever removes that folder has removed everything.
    SPILL_DIR: environment.SPILL_DIR || join(dataFolder, 'spill'),
  };
}
