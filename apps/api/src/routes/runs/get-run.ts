import { Run, RunIdParams } from '@layersense/contracts';
import type { App, AppDependencies } from '../../app-context.js';
import { answerUnlessKnown, IfNoneMatchHeader, unchanged } from '../../plugins/conditional-get.js';
import { problemResponse } from '../../plugins/openapi.js';

export function getRunRoute(app: App, { database }: AppDependencies): void {
  app.get(
    '/runs/:id',
    {
      schema: {
        operationId: 'getRun',
        tags: ['runs'],
        summary: 'The provenance of a run',
        params: RunIdParams,
        headers: IfNoneMatchHeader,
        response: { 200: Run, 304: unchanged, 404: problemResponse('No such run') },
      },
      onSend: answerUnlessKnown,
    },
    (request) => database.runs.get(request.params.id),
  );
}
