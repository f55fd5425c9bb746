import { z } from 'zod';

const timestamp = z.iso.datetime({ offset: true });

/**
 * What is sent when a job has ended, as Standard Webhooks describes it. It says which job and no
 * more: whoever may read the job asks for the rest.
 */
export const WebhookEvent = z
  .object({
    type: z.enum(['job.succeeded', 'job.failed', 'job.canceled']),
    timestamp: timestamp.describe('when the job ended'),
    data: z.object({ id: z.string(), status: z.enum(['succeeded', 'failed', 'canceled']) }),
  })
  .meta({ id: 'WebhookEvent' });
export type WebhookEvent = z.infer<typeof WebhookEvent>;

export const WebhookDelivery = z
  .object({
    id: z.string().describe('the webhook-id header; the same in every attempt'),
    object: z.literal('webhook_delivery'),
    status: z.enum(['pending', 'delivered', 'abandoned']),
    url: z.string().describe('without its query, which may hold a secret'),
    event: WebhookEvent,
    attempts: z.number().int().min(0),
    next_attempt_at: timestamp.nullable(),
    last_response_status: z.number().int().nullable(),
    last_error: z.string().nullable(),
    created_at: timestamp,
    finished_at: timestamp.nullable(),
  })
  .meta({ id: 'WebhookDelivery' });
export type WebhookDelivery = z.infer<typeof WebhookDelivery>;

export const WebhookDeliveryList = z
  .object({ object: z.literal('list'), data: z.array(WebhookDelivery) })
  .meta({ id: 'WebhookDeliveryList' });
