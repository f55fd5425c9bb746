import { delimiter, resolve } from 'node:path';
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

/** The environment of the API. docs/reference/config.md lists the same variables. */
export const ApiEnvironment = z.object({
  DATABASE_URL: postgresUrl,
  QUEUE_URL: queueUrl.optional(),
  QUEUE_NAMESPACE: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_]{0,62}$/)
    .optional(),
  HOST: z.string().default('127.0.0.1'),
  PORT: z.coerce.number().int().min(0).max(65_535).default(8080),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  ALLOWED_ROOTS: folders,
  BODY_LIMIT_BYTES: z.coerce.number().int().min(1024).default(8_388_608),
});

export interface ApiConfig {
  databaseUrl: string;
  queue: { url: string; namespace: string | undefined };
  host: string;
  port: number;
  logLevel: string;
  allowedRoots: readonly string[];
  bodyLimitBytes: number;
}

/** @throws Error that names every variable that is missing or malformed. */
export function loadConfig(environment: NodeJS.ProcessEnv = process.env): ApiConfig {
  // Compose files and manifests pass variables that nobody set as empty text.
  const set = Object.entries(environment).filter(([, value]) => value !== '');
  const parsed = ApiEnvironment.safeParse(Object.fromEntries(set));
  if (!parsed.success) throw new Error(`Bad configuration:\n${z.prettifyError(parsed.error)}`);
  const env = parsed.data;
  return {
    databaseUrl: env.DATABASE_URL,
    queue: { url: env.QUEUE_URL ?? env.DATABASE_URL, namespace: env.QUEUE_NAMESPACE },
    host: env.HOST,
    port: env.PORT,
    logLevel: env.LOG_LEVEL,
    allowedRoots: env.ALLOWED_ROOTS,
    bodyLimitBytes: env.BODY_LIMIT_BYTES,
  };
}
