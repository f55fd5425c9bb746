import { isTerminal, Job, JobIdParams } from '@layersense/contracts';
import type { App, AppDependencies } from '../../app-context.js';
import { problemResponse } from '../../plugins/openapi.js';

const POLL_SECONDS = 2;

export function getJobRoute(app: App, { database }: AppDependencies): void {
  app.get(
    '/jobs/:id',
    {
      schema: {
        tags: ['jobs'],
        summary: 'One job with its progress, or its error',
        params: JobIdParams,
        response: { 200: Job, 404: problemResponse('No such job') },
      },
    },
    async (request, reply) => {
      const job = await database.jobs.get(request.params.id);
      if (!isTerminal(job.status)) reply.header('retry-after', POLL_SECONDS);
      return job;
    },
  );
}
