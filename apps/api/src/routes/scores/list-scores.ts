import { ScoresQuery, StoredScoreList } from '@layersense/contracts';
import type { App, AppDependencies } from '../../app-context.js';
import { problemResponse } from '../../plugins/openapi.js';

export function listScoresRoute(app: App, { database }: AppDependencies): void {
  app.get(
    '/scores',
    {
      schema: {
        tags: ['scores'],
        summary: 'Scores of the newest run of each model, revision, dataset and method',
        querystring: ScoresQuery,
        response: { 200: StoredScoreList, 422: problemResponse('A filter that is not valid') },
      },
    },
    async (request) => ({
      object: 'list' as const,
      data: await database.scores.query(request.query),
    }),
  );
}
