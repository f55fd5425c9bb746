import type { WebhookDelivery, WebhookEvent } from '@layersense/contracts';
import type {
  PrismaClient,
  WebhookDelivery as WebhookDeliveryRow,
} from '../generated/prisma/client.js';
import { findJob } from '../jobs/find-job.js';

/** A delivery that this process has taken, until its lease ends. */
export interface DueDelivery {
  /** `msg_<uuid>`: by it the receiver knows a repetition. */
  readonly id: string;
  readonly url: string;
  /** The body, the same bytes in every attempt. */
  readonly body: string;
  /** The number of the attempt, from 1. */
  readonly attempt: number;
}

export interface AttemptOutcome {
  readonly status: 'pending' | 'delivered' | 'abandoned';
  readonly responseStatus?: number | undefined;
  readonly error?: string | undefined;
  /** When the next attempt of a `pending` delivery is due; at once when absent. */
  readonly nextAttemptAt?: Date | undefined;
}

export type WebhookDeliveries = ReturnType<typeof createWebhookDeliveries>;

/**
 * What is still to be told about jobs that have ended. A row is written in the transaction that
 * ends the job, so none is forgotten, and it stays due until an attempt is recorded, so a process
 * that dies while sending repeats at worst.
 */
export function createWebhookDeliveries(prisma: PrismaClient) {
  return {
    /** Takes deliveries that are due, for `leaseSeconds`; nobody else gets them meanwhile. */
    async takeDue(most: number, leaseSeconds: number): Promise<DueDelivery[]> {
      const rows = await prisma.$queryRaw<
        { id: string; url: string; payload: unknown; attempts: number }[]
      >`
        UPDATE webhook_delivery
        SET attempts = attempts + 1,
          next_attempt_at = now() + make_interval(secs => ${leaseSeconds}::float8)
        WHERE id IN (
          SELECT id FROM webhook_delivery
          WHERE status = 'pending' AND next_attempt_at <= now()
          ORDER BY next_attempt_at
          LIMIT ${most}::int
          FOR UPDATE SKIP LOCKED
        )
        RETURNING id, url, payload, attempts`;
      return rows.map(({ id, url, payload, attempts }) => ({
        id: messageId(id),
        url,
        body: JSON.stringify(payload),
        attempt: attempts,
      }));
    },

    /** Stores what became of an attempt. */
    async record(id: string, outcome: AttemptOutcome): Promise<void> {
      const { status, responseStatus, error, nextAttemptAt } = outcome;
      await prisma.webhookDelivery.updateMany({
        where: { id: id.slice(MESSAGE.length), status: 'pending' },
        data: {
          status,
          last_response_status: responseStatus ?? null,
          last_error: error?.slice(0, MOST_ERROR_CHARACTERS) ?? null,
          next_attempt_at: status === 'pending' ? (nextAttemptAt ?? new Date()) : null,
          finished_at: status === 'pending' ? null : new Date(),
        },
      });
    },

    /**
     * The deliveries of one job, the oldest first.
     *
     * @throws not_found
     */
    async ofJob(jobId: string): Promise<WebhookDelivery[]> {
      const { id } = await findJob(prisma, jobId);
      const rows = await prisma.webhookDelivery.findMany({
        where: { job_id: id },
        orderBy: [{ created_at: 'asc' }, { id: 'asc' }],
      });
      return rows.map(toDelivery);
    },
  };
}

const MESSAGE = 'msg_';
const MOST_ERROR_CHARACTERS = 500;

const messageId = (uuid: string): string => MESSAGE + uuid;

function toDelivery(row: WebhookDeliveryRow): WebhookDelivery {
  const { origin, pathname } = new URL(row.url);
  return {
    id: messageId(row.id),
    object: 'webhook_delivery',
    status: row.status,
    url: origin + pathname,
    event: row.payload as unknown as WebhookEvent,
    attempts: row.attempts,
    next_attempt_at: row.next_attempt_at?.toISOString() ?? null,
    last_response_status: row.last_response_status,
    last_error: row.last_error,
    created_at: row.created_at.toISOString(),
    finished_at: row.finished_at?.toISOString() ?? null,
  };
}
