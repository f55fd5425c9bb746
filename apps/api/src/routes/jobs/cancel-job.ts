import { Job, JobIdParams } from '@layersense/contracts';
import type { App, AppDependencies } from '../../app-context.js';
import { problemResponse } from '../../plugins/openapi.js';

export function cancelJobRoute(app: App, { database }: AppDependencies): void {
  app.post(
    '/jobs/:id/cancel',
    {
      schema: {
        operationId: 'cancelJob',
        tags: ['jobs'],
        summary: 'Cancel a job: at once when it is queued, within two seconds when it runs',
        params: JobIdParams,
        response: {
          200: Job,
          202: Job,
          404: problemResponse('No such job'),
          409: problemResponse('The job has already succeeded or failed'),
        },
      },
    },
    async (request, reply) => {
      const job = await database.jobs.transitions.requestCancel(request.params.id);
      return reply.code(job.status === 'canceled' ? 200 : 202).send(job);
    },
  );
}
