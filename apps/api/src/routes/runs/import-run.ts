import { ImportRunRequest, ImportRunResponse } from '@layersense/contracts';
import type { App, AppDependencies } from '../../app-context.js';
import { importedRun } from '../../imported-run.js';
import { problemResponse } from '../../plugins/openapi.js';

export function importRunRoute(app: App, { database }: AppDependencies): void {
  app.post(
    '/runs/import',
    {
      schema: {
        operationId: 'importRun',
        tags: ['runs'],
        summary: 'Store a map of scores that was computed elsewhere',
        body: ImportRunRequest,
        response: {
          201: ImportRunResponse,
          413: problemResponse('A map beyond the body limit'),
          422: problemResponse('A map that is not valid'),
        },
      },
    },
    async (request, reply) => {
      const report = importedRun(request.body);
      const run = await database.runs.save(report);
      return reply
        .code(201)
        .header('location', `/runs/${run.id}`)
        .send({ run, imported: report.scores.length });
    },
  );
}
