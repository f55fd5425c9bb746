import { type DeliveryDependencies, deliverDue } from './deliver-webhooks.js';

const POLL_MS = 2000;

export interface WebhookLoop {
  /** Finishes the attempts under way. */
  stop(): Promise<void>;
}

/**
 * Sends webhooks for as long as the API runs. It asks the database, not the queue: the rows are the
 * truth, any number of API processes share them, and workers may be scaled to none meanwhile.
 * Without a secret nothing is sent, and what is due waits for one.
 */
export function startWebhookLoop(dependencies: DeliveryDependencies): WebhookLoop {
  if (dependencies.send.secret === undefined) return { stop: () => Promise.resolve() };
  let stopped = false;
  let wake: () => void = () => undefined;
  const run = async () => {
    while (!stopped) {
      await deliverDue(dependencies).catch((error: unknown) => {
        dependencies.logger.warn({ err: error }, 'could not deliver webhooks');
      });
      await new Promise<void>((resolve) => {
        wake = resolve;
        setTimeout(resolve, POLL_MS).unref();
        if (stopped) resolve();
      });
    }
  };
  const running = run();
  return {
    stop: async () => {
      stopped = true;
      wake();
      await running;
    },
  };
}
