import { JobIdParams, WebhookDeliveryList } from '@layersense/contracts';
import type { App, AppDependencies } from '../../app-context.js';
import { problemResponse } from '../../plugins/openapi.js';

export function listWebhookDeliveriesRoute(app: App, { database }: AppDependencies): void {
  app.get(
    '/jobs/:id/webhook-deliveries',
    {
      schema: {
        tags: ['jobs'],
        operationId: 'listWebhookDeliveries',
        summary: "What was sent to a job's webhook_url, and what came of it",
        params: JobIdParams,
        response: { 200: WebhookDeliveryList, 404: problemResponse('No such job') },
      },
    },
    async (request) => ({
      object: 'list' as const,
      data: await database.webhooks.ofJob(request.params.id),
    }),
  );
}
