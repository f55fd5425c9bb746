import type { App, AppDependencies } from '../app-context.js';

const EVERY_MS = 3_600_000;

/** Removes what nobody can ask for any more. Keys are over after their day all the same. */
export function registerIdempotencySweep(app: App, { database, logger }: AppDependencies): void {
  const sweep = () =>
    database.jobs.idempotencyKeys.sweep().catch((error: unknown) => {
      logger.warn({ err: error }, 'could not sweep idempotency keys');
    });
  const timer = setInterval(sweep, EVERY_MS).unref();
  app.addHook('onClose', () => clearInterval(timer));
}
