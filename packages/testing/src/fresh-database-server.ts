import { startEmbeddedPostgres } from '@layersense/database';

declare module 'vitest' {
  interface ProvidedContext {
    /** Where the test run keeps its PostgreSQL; fresh-database-setup.ts provides it. */
    postgresFolder: string;
  }
}

/** URL of the test run's PostgreSQL. Test files run in processes of their own and share it. */
export async function testServer(): Promise<string> {
  // Imported late, because vitest refuses to load outside a test run and this package does not.
  const { inject } = await import('vitest');
  const { url } = await startEmbeddedPostgres({ folder: inject('postgresFolder') });
  return url;
}
