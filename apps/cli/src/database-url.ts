import { z } from 'zod';
import type { CliConfig } from './config.js';
import { UsageError } from './usage-error.js';

const postgresUrl = z.url({ protocol: /^postgres(ql)?$/ });

/** @throws UsageError when DATABASE_URL is missing or no PostgreSQL address; it is not quoted. */
export function requiredDatabaseUrl({ environment }: CliConfig): string {
  const { success, data } = postgresUrl.safeParse(environment.DATABASE_URL);
  if (success) return data;
  throw new UsageError('DATABASE_URL must be set: postgres://user:password@host:port/database');
}
