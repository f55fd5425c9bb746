import { ListRunsQuery, RunSummaryList } from '@layersense/contracts';
import type { App, AppDependencies } from '../../app-context.js';
import { problemResponse } from '../../plugins/openapi.js';

export function listRunsRoute(app: App, { database }: AppDependencies): void {
  app.get(
    '/runs',
    {
      schema: {
        operationId: 'listRuns',
        tags: ['runs'],
        summary: 'Runs, newest first, without what grows with their examples',
        querystring: ListRunsQuery,
        response: {
          200: RunSummaryList,
          422: problemResponse('A filter or cursor that is not valid'),
        },
      },
    },
    (request) => database.runs.list(request.query),
  );
}
