import { Job, JobIdParams } from '@layersense/contracts';
import type { App, AppDependencies } from '../../app-context.js';
import { problemResponse } from '../../plugins/openapi.js';
import { answerJob, enqueueStored } from './accept-job.js';

export function retryJobRoute(app: App, { database, queue }: AppDependencies): void {
  app.post(
    '/jobs/:id/retry',
    {
      schema: {
        operationId: 'retryJob',
        tags: ['jobs'],
        summary: 'Queue a job again that failed or was canceled',
        params: JobIdParams,
        response: {
          202: Job,
          404: problemResponse('No such job'),
          409: problemResponse('The job has succeeded, or has not ended yet'),
          503: problemResponse('Database or queue away; nothing was changed'),
        },
      },
    },
    async (request, reply) => {
      await queue.ping();
      const job = await database.jobs.transitions.retry(request.params.id);
      await enqueueStored(job, queue, request.log);
      return answerJob(reply, job);
    },
  );
}
