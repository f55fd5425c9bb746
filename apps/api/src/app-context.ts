import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Database } from '@layersense/database';
import type { JobQueue } from '@layersense/queue';
import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { Logger } from 'pino';
import type { SharedCounters } from './access/shared-counters.js';
import type { ApiConfig } from './config.js';
import type { FeedOptions } from './events/job-event-feed.js';

/** The configuration without what only starting needs. */
export type AppConfig = Omit<
  ApiConfig,
  'databaseUrl' | 'queue' | 'port' | 'logLevel' | 'collectorUrl'
>;

/** What every route is given to work with. */
export interface AppDependencies {
  database: Database;
  queue: JobQueue;
  config: AppConfig;
  logger: Logger;
  /** Where requests are counted for the rate limit; in this process when absent. */
  counters?: SharedCounters | undefined;
  /** How often followers of jobs hear something; the feed has defaults. */
  eventFeed?: Partial<Omit<FeedOptions, 'limit'>>;
}

export type App = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  ZodTypeProvider
>;
