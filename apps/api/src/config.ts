import {
  CollectorUrl,
  FolderList,
  LogLevel,
  PostgresUrl,
  QueueNamespace,
  QueueUrl,
  readEnvironment,
} from '@layersense/contracts/environment';
import { z } from 'zod';

/** The environment of the API. docs/reference/config.md lists the same variables. */
export const ApiEnvironment = z.object({
  DATABASE_URL: PostgresUrl,
  QUEUE_URL: QueueUrl.optional(),
  QUEUE_NAMESPACE: QueueNamespace.optional(),
  HOST: z.string().default('127.0.0.1'),
  PORT: z.coerce.number().int().min(0).max(65_535).default(8080),
  LOG_LEVEL: LogLevel,
  ALLOWED_ROOTS: FolderList,
  BODY_LIMIT_BYTES: z.coerce.number().int().min(1024).default(8_388_608),
  OTEL_EXPORTER_OTLP_ENDPOINT: CollectorUrl.optional(),
});

export interface ApiConfig {
  databaseUrl: string;
  queue: { url: string; namespace: string | undefined };
  host: string;
  port: number;
  logLevel: string;
  allowedRoots: readonly string[];
  bodyLimitBytes: number;
  /** Address of an OTLP/HTTP collector; nothing is traced without one. */
  collectorUrl: string | undefined;
}

/** @throws Error that names every variable that is missing or malformed. */
export function loadConfig(environment: NodeJS.ProcessEnv = process.env): ApiConfig {
  const env = readEnvironment(ApiEnvironment, environment);
  return {
    databaseUrl: env.DATABASE_URL,
    queue: { url: env.QUEUE_URL ?? env.DATABASE_URL, namespace: env.QUEUE_NAMESPACE },
    host: env.HOST,
    port: env.PORT,
    logLevel: env.LOG_LEVEL,
    allowedRoots: env.ALLOWED_ROOTS,
    bodyLimitBytes: env.BODY_LIMIT_BYTES,
    collectorUrl: env.OTEL_EXPORTER_OTLP_ENDPOINT,
  };
}
