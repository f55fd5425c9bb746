import { JobList, ListJobsQuery } from '@layersense/contracts';
import type { App, AppDependencies } from '../../app-context.js';
import { problemResponse } from '../../plugins/openapi.js';

export function listJobsRoute(app: App, { database }: AppDependencies): void {
  app.get(
    '/jobs',
    {
      schema: {
        operationId: 'listJobs',
        tags: ['jobs'],
        summary: 'Jobs, newest first',
        querystring: ListJobsQuery,
        response: { 200: JobList, 422: problemResponse('A filter or cursor that is not valid') },
      },
    },
    (request) => database.jobs.list(request.query),
  );
}
