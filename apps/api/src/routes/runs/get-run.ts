import { JobIdParams, Run } from '@layersense/contracts';
import type { App, AppDependencies } from '../../app-context.js';
import { problemResponse } from '../../plugins/openapi.js';

export function getRunRoute(app: App, { database }: AppDependencies): void {
  app.get(
    '/runs/:id',
    {
      schema: {
        tags: ['runs'],
        summary: 'The provenance of a run',
        params: JobIdParams,
        response: { 200: Run, 404: problemResponse('No such run') },
      },
    },
    (request) => database.runs.get(request.params.id),
  );
}
