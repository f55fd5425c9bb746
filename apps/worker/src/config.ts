import { delimiter, resolve } from 'node:path';
import { type HubSettings, hubSettingsFromEnvironment } from '@layersense/model-source';
import { z } from 'zod';

const postgresUrl = z.url({ protocol: /^postgres(ql)?$/, error: 'must be a postgres:// URL' });
const queueUrl = z.url({
  protocol: /^(rediss?|postgres(ql)?)$/,
  error: 'must be a redis://, rediss:// or postgres:// URL',
});

/** Absolute folders out of a list such as PATH. */
const folders = z
  .string()
  .default('')
  .transform((list) =>
    list
      .split(delimiter)
      .filter((folder) => folder !== '')
      .map((folder) => resolve(folder)),
  );

const seconds = (defaultSeconds: number) =>
  z.coerce.number().min(1).max(3600).default(defaultSeconds);

/** The environment of a worker. docs/reference/config.md lists the same variables. */
export const WorkerEnvironment = z.object({
  DATABASE_URL: postgresUrl,
  QUEUE_URL: queueUrl.optional(),
  QUEUE_NAMESPACE: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_]{0,62}$/)
    .optional(),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  ALLOWED_ROOTS: folders,
  THREADS: z.coerce.number().int().min(1).max(1024).optional(),
  MAX_ATTEMPTS: z.coerce.number().int().min(1).max(100).default(3),
  LOCK_SECONDS: seconds(30),
  STALLED_CHECK_SECONDS: seconds(15),
  RECONCILE_SECONDS: seconds(30),
  SHUTDOWN_SECONDS: seconds(20),
});

export interface WorkerConfig {
  databaseUrl: string;
  queue: { url: string; namespace: string | undefined };
  logLevel: string;
  allowedRoots: readonly string[];
  /** Of the compute process; all processors when absent. */
  threads: number | undefined;
  hub: HubSettings;
  maxAttempts: number;
  /** A worker that has not renewed its lock for this long has lost its job. */
  lockMs: number;
  stalledCheckMs: number;
  reconcileMs: number;
  shutdownMs: number;
}

/** @throws Error that names every variable that is missing or malformed. */
export function loadConfig(environment: NodeJS.ProcessEnv = process.env): WorkerConfig {
  // Compose files and manifests pass variables that nobody set as empty text.
  const set = Object.entries(environment).filter(([, value]) => value !== '');
  const parsed = WorkerEnvironment.safeParse(Object.fromEntries(set));
  if (!parsed.success) throw new Error(`Bad configuration:\n${z.prettifyError(parsed.error)}`);
  const env = parsed.data;
  return {
    databaseUrl: env.DATABASE_URL,
    queue: { url: env.QUEUE_URL ?? env.DATABASE_URL, namespace: env.QUEUE_NAMESPACE },
    logLevel: env.LOG_LEVEL,
    allowedRoots: env.ALLOWED_ROOTS,
    threads: env.THREADS,
    hub: hubSettingsFromEnvironment(environment),
    maxAttempts: env.MAX_ATTEMPTS,
    lockMs: env.LOCK_SECONDS * 1000,
    stalledCheckMs: env.STALLED_CHECK_SECONDS * 1000,
    reconcileMs: env.RECONCILE_SECONDS * 1000,
    shutdownMs: env.SHUTDOWN_SECONDS * 1000,
  };
}
