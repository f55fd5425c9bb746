import { delimiter, resolve } from 'node:path';
import { z } from 'zod';

/** What several processes read from their environment, each in its own config.ts. */

export const PostgresUrl = z.url({
  protocol: /^postgres(ql)?$/,
  error: 'must be a postgres:// URL',
});

export const QueueUrl = z.url({
  protocol: /^(rediss?|postgres(ql)?)$/,
  error: 'must be a redis://, rediss:// or postgres:// URL',
});

/** Where spans are sent, over OTLP/HTTP. */
export const CollectorUrl = z.url({
  protocol: /^https?$/,
  error: 'must be an http:// or https:// URL',
});

/** A Redis key prefix or a PostgreSQL schema. */
export const QueueNamespace = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,62}$/);

export const LogLevel = z
  .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
  .default('info');

/** Absolute folders out of a list such as PATH. */
export const FolderList = z
  .string()
  .default('')
  .transform((list) =>
    list
      .split(delimiter)
      .filter((folder) => folder !== '')
      .map((folder) => resolve(folder)),
  );

/**
 * The variables that `schema` knows, parsed. Compose files and manifests pass variables that nobody
 * set as empty text, so an empty one counts as absent.
 *
 * @throws Error that names every variable that is missing or malformed, without its value
 */
export function readEnvironment<Schema extends z.ZodType>(
  schema: Schema,
  environment: NodeJS.ProcessEnv,
): z.output<Schema> {
  const set = Object.entries(environment).filter(([, value]) => value !== '');
  const parsed = schema.safeParse(Object.fromEntries(set));
  if (!parsed.success) throw new Error(`Bad configuration:\n${z.prettifyError(parsed.error)}`);
  return parsed.data;
}
