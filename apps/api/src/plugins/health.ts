import { z } from 'zod';
import type { App, AppDependencies } from '../app-context.js';
import { problemResponse } from './openapi.js';

const Healthy = z
  .object({ status: z.literal('ok') })
  .meta({ id: 'Healthy', examples: [{ status: 'ok' }] });

export function registerHealth(app: App, { database, queue }: AppDependencies): void {
  app.get(
    '/healthz',
    {
      schema: {
        operationId: 'getHealth',
        tags: ['service'],
        summary: 'The process answers',
        response: { 200: Healthy },
      },
    },
    () => ({ status: 'ok' as const }),
  );

  app.get(
    '/readyz',
    {
      schema: {
        operationId: 'getReadiness',
        tags: ['service'],
        summary: 'Database, migrations and queue are in order',
        response: { 200: Healthy, 503: problemResponse('What is not in order') },
      },
    },
    async () => {
      await database.assertReady();
      await queue.ping();
      return { status: 'ok' as const };
    },
  );
}
