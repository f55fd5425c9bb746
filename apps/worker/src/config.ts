import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import {
  CollectorUrl,
  FolderList,
  LogLevel,
  PostgresUrl,
  QueueNamespace,
  QueueUrl,
  readEnvironment,
} from '@layersense/contracts/environment';
import { type HubSettings, hubSettingsFromEnvironment } from '@layersense/model-source';
import { z } from 'zod';

const seconds = (defaultSeconds: number) =>
  z.coerce.number().min(1).max(3600).default(defaultSeconds);

/** CUDA's own list: numbers or UUIDs, up to the first that is negative. */
const VisibleDevices = z
  .string()
  .default('')
  .transform((list) => {
    const devices = list.split(',').map((device) => device.trim());
    const hidden = devices.findIndex((device) => device.startsWith('-'));
    return (hidden < 0 ? devices : devices.slice(0, hidden)).filter((device) => device !== '');
  });

/** The environment of a worker. docs/reference/config.md lists the same variables. */
export const WorkerEnvironment = z.object({
  DATABASE_URL: PostgresUrl,
  QUEUE_URL: QueueUrl.optional(),
  QUEUE_NAMESPACE: QueueNamespace.optional(),
  LOG_LEVEL: LogLevel,
  ALLOWED_ROOTS: FolderList,
  THREADS: z.coerce.number().int().min(1).max(1024).optional(),
  MAX_ATTEMPTS: z.coerce.number().int().min(1).max(100).default(3),
  ATTEMPT_SECONDS: z.coerce.number().int().min(1).max(604_800).default(604_800),
  MODEL_CACHE_MAX_BYTES: z.coerce.number().int().min(1).optional(),
  CUDA_VISIBLE_DEVICES: VisibleDevices,
  STALL_SECONDS: z.coerce.number().min(1).max(86_400).default(900),
  LOCK_SECONDS: seconds(30),
  STALLED_CHECK_SECONDS: seconds(15),
  RECONCILE_SECONDS: seconds(30),
  SHUTDOWN_SECONDS: seconds(20),
  HEALTH_HOST: z.string().default('127.0.0.1'),
  HEALTH_PORT: z.coerce.number().int().min(0).max(65_535).optional(),
  SPILL_DIR: z
    .string()
    .default(join(tmpdir(), 'layersense'))
    .transform((folder) => resolve(folder)),
  OTEL_EXPORTER_OTLP_ENDPOINT: CollectorUrl.optional(),
});

export interface WorkerConfig {
  databaseUrl: string;
  queue: { url: string; namespace: string | undefined };
  logLevel: string;
  allowedRoots: readonly string[];
  /** Of the compute process; all processors when absent. */
  threads: number | undefined;
  hub: HubSettings;
  /** What the compute process sees of CUDA, where it does not see all; no other worker may use them. */
  gpus: readonly string[];
  maxAttempts: number;
  /** The longest that an attempt may take; a job can ask for less. */
  attemptSeconds: number;
  /** A compute process that is silent for this long while a call waits is killed. */
  stallMs: number;
  /** A worker that has not renewed its lock for this long has lost its job. */
  lockMs: number;
  stalledCheckMs: number;
  reconcileMs: number;
  shutdownMs: number;
  /** Where `/healthz`, `/readyz` and `/metrics` are served, if anywhere. */
  health: { host: string; port: number } | undefined;
  /** For what the streamed plan leaves on disk, to go on from after an interruption. */
  spillFolder: string;
  /** Address of an OTLP/HTTP collector; nothing is traced without one. */
  collectorUrl: string | undefined;
}

/** @throws Error that names every variable that is missing or malformed. */
export function loadConfig(environment: NodeJS.ProcessEnv = process.env): WorkerConfig {
  const env = readEnvironment(WorkerEnvironment, environment);
  return {
    databaseUrl: env.DATABASE_URL,
    queue: { url: env.QUEUE_URL ?? env.DATABASE_URL, namespace: env.QUEUE_NAMESPACE },
    logLevel: env.LOG_LEVEL,
    allowedRoots: env.ALLOWED_ROOTS,
    threads: env.THREADS,
    hub: {
      ...hubSettingsFromEnvironment(environment),
      maxCacheBytes: env.MODEL_CACHE_MAX_BYTES,
    },
    gpus: env.CUDA_VISIBLE_DEVICES,
    maxAttempts: env.MAX_ATTEMPTS,
    attemptSeconds: env.ATTEMPT_SECONDS,
    stallMs: env.STALL_SECONDS * 1000,
    lockMs: env.LOCK_SECONDS * 1000,
    stalledCheckMs: env.STALLED_CHECK_SECONDS * 1000,
    reconcileMs: env.RECONCILE_SECONDS * 1000,
    shutdownMs: env.SHUTDOWN_SECONDS * 1000,
    health:
      env.HEALTH_PORT === undefined ? undefined : { host: env.HEALTH_HOST, port: env.HEALTH_PORT },
    spillFolder: env.SPILL_DIR,
    collectorUrl: env.OTEL_EXPORTER_OTLP_ENDPOINT,
  };
}
