import { LayersenseError } from '@layersense/contracts';
import type { AttemptOutcome, Database, DueDelivery } from '@layersense/database';
import type { Logger } from 'pino';
import { nextAttempt } from './retry-schedule.js';
import { type SendOptions, sendWebhook } from './send-webhook.js';

const AT_ONCE = 10;
/** Well beyond what an attempt may take: after it the delivery is anybody's again. */
const LEASE_SECONDS = 60;
const GONE = 410;

export interface DeliveryDependencies {
  readonly database: Pick<Database, 'webhooks'>;
  readonly send: SendOptions;
  readonly logger: Logger;
}

/** Attempts everything that is due; answers how many attempts that were. */
export async function deliverDue(dependencies: DeliveryDependencies): Promise<number> {
  const { database, logger } = dependencies;
  let attempts = 0;
  for (;;) {
    const due = await database.webhooks.takeDue(AT_ONCE, LEASE_SECONDS);
    if (due.length === 0) return attempts;
    attempts += due.length;
    await Promise.all(
      due.map(async (delivery) => {
        const outcome = await attempt(delivery, dependencies.send);
        const { status, responseStatus, error } = outcome;
        const facts = { webhookId: delivery.id, status, responseStatus, reason: error };
        logger[status === 'delivered' ? 'info' : 'warn'](facts, 'webhook');
        await database.webhooks.record(delivery.id, outcome);
      }),
    );
  }
}

async function attempt(delivery: DueDelivery, send: SendOptions): Promise<AttemptOutcome> {
  try {
    const { status, retryAfter } = await sendWebhook(delivery, send);
    if (status >= 200 && status < 300) return { status: 'delivered', responseStatus: status };
    const error = `The receiver answered ${status}.`;
    if (status === GONE) return { status: 'abandoned', responseStatus: status, error };
    return { ...failed(delivery, error, retryAfter), responseStatus: status };
  } catch (error) {
    return failed(delivery, reasonOf(error), undefined);
  }
}

function failed(
  { attempt }: DueDelivery,
  error: string,
  retryAfter: string | undefined,
): AttemptOutcome {
  const nextAttemptAt = nextAttempt(attempt, retryAfter);
  if (nextAttemptAt === undefined) return { status: 'abandoned', error };
  return { status: 'pending', error, nextAttemptAt };
}

/** Without addresses: the owner of the job learns nothing about the network of the service. */
function reasonOf(error: unknown): string {
  if (error instanceof LayersenseError) return error.message;
  if (!(error instanceof Error)) return 'The delivery failed.';
  if (error.name === 'TimeoutError' || error.name === 'AbortError') return 'No answer in time.';
  const code = 'code' in error ? String(error.code) : error.name;
  return `The receiver could not be reached (${code}).`;
}
