import { isTerminal, Job, JobIdParams } from '@layersense/contracts';
import type { App, AppDependencies } from '../../app-context.js';
import { answerUnlessKnown, IfNoneMatchHeader, unchanged } from '../../plugins/conditional-get.js';
import { problemResponse } from '../../plugins/openapi.js';
import { POLL_SECONDS } from './accept-job.js';

export function getJobRoute(app: App, { database }: AppDependencies): void {
  app.get(
    '/jobs/:id',
    {
      schema: {
        operationId: 'getJob',
        tags: ['jobs'],
        summary: 'One job with its progress, or its error',
        params: JobIdParams,
        headers: IfNoneMatchHeader,
        response: { 200: Job, 304: unchanged, 404: problemResponse('No such job') },
      },
      onSend: answerUnlessKnown,
    },
    async (request, reply) => {
      const job = await database.jobs.get(request.params.id);
      if (!isTerminal(job.status)) reply.header('retry-after', POLL_SECONDS);
      return job;
    },
  );
}
